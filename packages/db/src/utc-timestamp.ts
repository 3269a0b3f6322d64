/** The time as `created_at` and the API write it: UTC, to the second, without zone suffix: `2024-12-14T20:00:00`. */
export function utcTimestamp(date: Date = new Date()): string {
  return date.toISOString().slice(0, 19);
}
