import type { Line } from '@products/decoders';

/** The largest time of a `Date` (https://tc39.es/ecma262/#sec-time-values-and-time-range). */
const TIME_MS_MAX = 8.64e15;

/** Fields that a line has for machines, or that have a place of their own. */
const OWN_FIELDS = new Set(['level', 'log_level', 'timestamp', 'time', 'service', 'message', 'trace_id', 'span_id']);

/** Reads what a service has written: a JSON object, or any other text, which is its own message. */
export function readLine(text: string): Line {
  const fields = parseObject(text);
  if (fields === undefined) {
    return { timeMs: Date.now(), level: '', service: '', message: text, traceId: '', spanId: '', fields: {} };
  }
  const textOf = (...names: string[]) => {
    for (const name of names) if (typeof fields[name] === 'string') return fields[name];
    return '';
  };
  return {
    timeMs: timeOf(fields),
    level: textOf('level', 'severity', 'log_level').toUpperCase(),
    service: textOf('service'),
    message: textOf('message', 'msg') || text,
    traceId: textOf('trace_id', 'traceId').toLowerCase(),
    spanId: textOf('span_id', 'spanId').toLowerCase(),
    fields,
  };
}

/** The fields of a line beside those that every line has. */
export function extraFields(fields: Line['fields']): [string, unknown][] {
  return Object.entries(fields).filter(([name]) => !OWN_FIELDS.has(name));
}

function parseObject(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function timeOf({ time, timestamp }: Record<string, unknown>): number {
  const given = typeof time === 'number' ? time : Date.parse(String(timestamp));
  return Math.abs(given) <= TIME_MS_MAX ? given : Date.now();
}
