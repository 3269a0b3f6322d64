import pino from 'pino';
import sonicBoom from 'sonic-boom';
import {
  compileMessage,
  type EventsAt,
  type FieldsOf,
  type LogEvent,
  type LogEventName,
  type LogLevel,
  logEvents,
} from './contract/logs.js';
import { currentTrace, type TraceIds } from './traces/current.js';

/** Writes the line of an event that may be logged at a level, with the fields that its contract asks for. */
type LogAt<L extends LogLevel> = <E extends EventsAt<L>>(
  event: E,
  ...fields: Record<never, never> extends FieldsOf<E> ? [] : [FieldsOf<E>]
) => void;

export interface Logger {
  readonly info: LogAt<'INFO'>;
  readonly warning: LogAt<'WARNING'>;
  readonly error: LogAt<'ERROR'>;
  /**
   * For a line whose level the outcome decides.
   *
   * @param trace whose line it is; by default the active span's
   */
  log<L extends LogLevel, E extends EventsAt<L>>(level: L, event: E, fields: FieldsOf<E>, trace?: TraceIds): void;
  /** Writes lines that another process of the service has logged, line ends included. */
  relay(lines: string): void;
  /** Writes out what is still in memory and ends the log. Resolves with false when its reader does not take it in time. */
  end(timeoutMs: number): Promise<boolean>;
  /** How many lines a reader of stdout that did not keep up has cost. */
  readonly droppedLines: number;
}

/** Where lines go; pino's destination, or anything that takes one line a call. */
export interface LogDestination {
  write(line: string): void;
  on?(event: 'drop' | 'close' | 'error', listener: (lines: string) => void): unknown;
  end?(): void;
}

const pinoLevels = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error' } as const;
const logLevelOf: Readonly<Record<string, LogLevel>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
};

/** Lines of this time are written together, up to this length: a write costs as much as several lines. */
const GATHERED_MS = 10;
const GATHERED_LENGTH_MAX = 4_096;

/** Lines kept in memory for a reader of stdout that does not keep up; what comes on top is dropped. */
const BUFFERED_BYTES_MAX = 1_048_576;

/** C1 control characters, and Unicode's own line ends: JSON may have them as they are, and some readers break lines there. */
const LINE_BREAKING = /[\u0080-\u009f\u2028\u2029]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The field of the time; its text lasts a second. */
function createTimestamps(): () => string {
  let second = Number.NaN;
  let field = '';
  return () => {
    const now = Math.floor(Date.now() / 1_000);
    if (now !== second) {
      second = now;
      field = `,"timestamp":"${new Date(now * 1_000).toISOString().slice(0, 19).replace('T', ' ')}"`;
    }
    return field;
  };
}

function countLines(text: string): number {
  return text.split('\n').length - 1;
}

const messageOf = Object.fromEntries(
  Object.entries<LogEvent>(logEvents).map(([name, event]) => [name, compileMessage(event)]),
) as Record<LogEventName, ReturnType<typeof compileMessage>>;

/** One JSON object a line, with the field names of the Flask service's python-json-logger. */
export function createLogger(level: LogLevel, destination: LogDestination = stdout()): Logger {
  let droppedLines = 0;
  let isReaderGone = false;
  let isEnded = false;
  const relay = (lines: string): void => {
    if (isReaderGone || isEnded) droppedLines += countLines(lines);
    else destination.write(lines);
  };
  const logger = pino(
    {
      level: pinoLevels[level],
      base: { service: 'backend' },
      messageKey: 'message',
      timestamp: createTimestamps(),
      formatters: { level: (label) => ({ level: logLevelOf[label] }) },
      serializers: { error: describeError },
    },
    { write: (line: string) => relay(line.replace(LINE_BREAKING, escapeCharacter)) },
  );
  destination.on?.('drop', (lines) => {
    droppedLines += countLines(lines);
  });
  // Whoever read the log has gone: there is nobody to tell, and nothing to wait for.
  destination.on?.('error', () => {
    isReaderGone = true;
  });
  const write = (
    level: LogLevel,
    event: LogEventName,
    fields: Readonly<Record<string, unknown>> = {},
    trace = currentTrace(),
  ) => {
    if (!logger.isLevelEnabled(pinoLevels[level])) return;
    logger[pinoLevels[level]]({ ...trace, ...fields }, messageOf[event](fields));
  };
  return {
    get droppedLines() {
      return droppedLines;
    },
    info: (event, ...[fields]) => write('INFO', event, fields),
    warning: (event, ...[fields]) => write('WARNING', event, fields),
    error: (event, ...[fields]) => write('ERROR', event, fields),
    log: write,
    relay,
    end: (timeoutMs) => {
      isEnded = true;
      return isReaderGone ? Promise.resolve(true) : end(destination, timeoutMs);
    },
  };
}

/** Asynchronous, so that a stalled reader of stdout does not stop the service, and bounded, so that it does not fill it. */
function stdout(): LogDestination {
  return gather(new sonicBoom.SonicBoom({ fd: 1, sync: false, maxLength: BUFFERED_BYTES_MAX }));
}

/** Writes lines together that come at short intervals. */
function gather(destination: sonicBoom.SonicBoom): LogDestination {
  let lines = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (lines !== '') destination.write(lines);
    lines = '';
  };
  return {
    write: (line) => {
      lines += line;
      if (lines.length > GATHERED_LENGTH_MAX) flush();
      else timer ??= setTimeout(flush, GATHERED_MS);
    },
    on: (event, listener) => destination.on(event, listener),
    end: () => {
      flush();
      destination.end();
    },
  };
}

function end(destination: LogDestination, timeoutMs: number): Promise<boolean> {
  if (destination.end === undefined) return Promise.resolve(true);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), timeoutMs);
  destination.on?.('close', () => {
    clearTimeout(timer);
    resolve(true);
  });
  destination.end();
  return promise;
}

/** An error as a log line shows it: with its stack and, in turn, its cause's. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  return { type: name, message, stack, ...(cause === undefined ? {} : { cause: describeError(cause) }) };
}
