// LogQL whose fields and messages are the telemetry contract's.
import {
  type commonLogFields,
  type LogEventName,
  type LogLevel,
  logEvents,
  type logFields,
} from '@products/telemetry/contract';

type Field = keyof typeof commonLogFields | keyof typeof logFields;

/** The value of the field `service`, and the label that the collector gives the lines. */
const SERVICE = 'backend';

export interface LogFilter {
  readonly level?: LogLevel | readonly LogLevel[];
  readonly event?: LogEventName;
}

/** The lines that the service writes. */
export function logLines({ level, event }: LogFilter = {}): string {
  const levels = typeof level === 'string' ? [level] : (level ?? []);
  return [
    `{service="${SERVICE}"}`,
    ...(event === undefined ? [] : [`|= ${JSON.stringify(fixedStart(event))}`]),
    '| json',
    ...(levels.length === 0 ? [] : [`| ${'level' satisfies Field}=~"${levels.join('|')}"`]),
  ].join(' ');
}

/** Counts the lines by a field. */
export function countLines(by: Field, lines: string): string {
  return `sum by (${by}) (count_over_time(${lines} [$__auto]))`;
}

/** The message up to its first field: Loki finds it without parsing the line. */
function fixedStart(event: LogEventName): string {
  return logEvents[event].message.split('{')[0]?.trim() ?? '';
}
