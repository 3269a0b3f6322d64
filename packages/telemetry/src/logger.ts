import pino from 'pino';
import {
  compileMessage,
  type EventsAt,
  type FieldsOf,
  type LogEvent,
  type LogEventName,
  type LogLevel,
  logEvents,
} from './contract/logs.js';
import { cutText } from './cut-text.js';
import { withDeadline } from './deadline.js';
import { createErrorFields } from './error-fields.js';
import { countLines, createLogBuffer, type LogDestination } from './log-buffer.js';
import type { LineExport } from './otlp/line-export.js';
import { currentRequest, currentTrace, type TraceIds } from './traces/current.js';

/** Logs an event that its contract allows at this level, with the fields that its contract declares. */
type LogAt<L extends LogLevel> = <E extends EventsAt<L>>(
  event: E,
  ...fields: Record<never, never> extends FieldsOf<E> ? [] : [FieldsOf<E>]
) => void;

export interface Logger {
  readonly info: LogAt<'INFO'>;
  readonly warning: LogAt<'WARNING'>;
  readonly error: LogAt<'ERROR'>;
  /**
   * Logs an event whose level depends on the outcome.
   *
   * @param trace the line's ids; by default the active span's
   */
  log<L extends LogLevel, E extends EventsAt<L>>(level: L, event: E, fields: FieldsOf<E>, trace?: TraceIds): void;
  /** Writes lines that a worker has logged, line ends included. */
  relay(lines: string): void;
  /** Writes the lines still in memory and ends the log. Resolves with false when stdout does not take them in time. */
  end(timeoutMs: number): Promise<boolean>;
  /** Lines that stdout has not taken, and will not. */
  readonly droppedLines: number;
  /** Lines that wait for stdout to take them. */
  readonly waitingLines: number;
}

const pinoLevels = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error' } as const;
const logLevelOf: Readonly<Record<string, LogLevel>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
};

/** C1 control characters and Unicode's line ends: JSON allows them unescaped, and some readers break lines there. */
const LINE_BREAKING = /[\u0080-\u009f\u2028\u2029]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Renders the times of a line. The text of `timestamp` lasts a second. */
function createTimestamps(): () => string {
  let second = Number.NaN;
  let field = '';
  return () => {
    const time = Date.now();
    const now = Math.floor(time / 1_000);
    if (now !== second) {
      second = now;
      field = `,"timestamp":"${new Date(now * 1_000).toISOString().slice(0, 19).replace('T', ' ')}"`;
    }
    return `${field},"time":${time}`;
  };
}

/** Issues shown of a validation. */
const ISSUES_MAX = 10;

/** The fields of a line, its ids first; short enough that no line is longer than 16,000 bytes. */
function renderFields(
  fields: Readonly<Record<string, unknown>>,
  describeError: (error: unknown) => object,
  trace: TraceIds | undefined,
): Readonly<Record<string, unknown>> {
  const shown: Record<string, unknown> = { ...trace };
  for (const name in fields) {
    const value = fields[name];
    if (typeof value === 'string') shown[name] = cutText(value);
    else if (name === 'error') Object.assign(shown, describeError(value));
    else if (Array.isArray(value)) shown[name] = value.slice(0, ISSUES_MAX).map(renderIssue);
    else shown[name] = value;
  }
  return shown;
}

function renderIssue({ path, message }: { readonly path: string; readonly message: string }) {
  return { path: cutText(path, 100), message: cutText(message, 200) };
}

const messageOf = Object.fromEntries(
  Object.entries<LogEvent>(logEvents).map(([name, event]) => [name, compileMessage(event)]),
) as Record<LogEventName, ReturnType<typeof compileMessage>>;

/**
 * One JSON object a line, with the field names of the Flask service's python-json-logger.
 *
 * @param lineExport takes the same lines
 */
export function createLogger(
  level: LogLevel,
  destination: LogDestination = createLogBuffer(),
  lineExport?: LineExport,
): Logger {
  const describeError = createErrorFields();
  let droppedLines = 0;
  let isReaderGone = false;
  let isEnded = false;
  const relay = (lines: string, client?: string): void => {
    if (isReaderGone || isEnded) droppedLines += countLines(lines);
    else destination.write(lines, client);
  };
  const logger = pino(
    {
      level: pinoLevels[level],
      base: { service: 'backend' },
      messageKey: 'message',
      timestamp: createTimestamps(),
      formatters: { level: (label) => ({ level: logLevelOf[label] }) },
    },
    {
      write: (line: string) => {
        relay(line.replace(LINE_BREAKING, escapeCharacter), currentRequest()?.client);
        lineExport?.add(line);
      },
    },
  );
  destination.on?.('drop', (lines) => {
    droppedLines += countLines(lines);
  });
  // The reader of stdout is gone: no line can be written any more, and the end need not wait.
  destination.on?.('gone', () => {
    isReaderGone = true;
  });
  const write = (
    level: LogLevel,
    event: LogEventName,
    fields: Readonly<Record<string, unknown>> = {},
    trace = currentTrace(),
  ) => {
    if (!logger.isLevelEnabled(pinoLevels[level])) return;
    const shown = renderFields(fields, describeError, trace);
    logger[pinoLevels[level]](shown, messageOf[event](shown));
  };
  return {
    get droppedLines() {
      return isReaderGone ? droppedLines + (destination.waitingLines ?? 0) : droppedLines;
    },
    get waitingLines() {
      return isReaderGone ? 0 : (destination.waitingLines ?? 0);
    },
    info: (event, ...[fields]) => write('INFO', event, fields),
    warning: (event, ...[fields]) => write('WARNING', event, fields),
    error: (event, ...[fields]) => write('ERROR', event, fields),
    log: write,
    relay: (lines) => relay(lines),
    end: (timeoutMs) => {
      isEnded = true;
      return isReaderGone ? Promise.resolve(true) : end(destination, timeoutMs);
    },
  };
}

async function end(destination: LogDestination, timeoutMs: number): Promise<boolean> {
  if (destination.end === undefined) return true;
  const closed = new Promise<true>((resolve) => {
    for (const event of ['close', 'gone'] as const) destination.on?.(event, () => resolve(true));
  });
  destination.end();
  return withDeadline(closed, timeoutMs, false);
}
