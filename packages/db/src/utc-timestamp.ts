// The text lasts a second.
let second = Number.NaN;
let text = '';

/** The time as `created_at` and the API write it: UTC, to the second, without zone suffix: `2024-12-14T20:00:00`. */
export function utcTimestamp(): string {
  const now = Math.floor(Date.now() / 1_000);
  if (now !== second) {
    second = now;
    text = new Date(now * 1_000).toISOString().slice(0, 19);
  }
  return text;
}

/**
 * The same for a column: `2024-12-14T20:00:00Z`. PostgreSQL ignores the zone for a `timestamp` and heeds it for a `timestamptz`
 * (https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-INPUT-TIME-STAMPS).
 */
export function utcTimestampWithZone(): string {
  return `${utcTimestamp()}Z`;
}
