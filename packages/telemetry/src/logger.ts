import pino from 'pino';
import sonicBoom from 'sonic-boom';
import { currentTrace } from './traces/current.js';

export const logLevels = ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Beside `timestamp`, `level`, `service`, `message`, `trace_id` and `span_id`, which every line has by itself. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Writes out what is still in memory and ends the log. Resolves with false when its reader does not take it in time. */
  end(timeoutMs: number): Promise<boolean>;
  /** How many lines a reader of stdout that did not keep up has cost. */
  readonly droppedLines: number;
}

/** Where lines go; pino's destination, or anything that takes one line a call. */
export interface LogDestination {
  write(line: string): void;
  on?(event: 'drop' | 'close', listener: () => void): unknown;
  end?(): void;
}

const pinoLevels = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error' } as const;
const logLevelOf: Readonly<Record<string, LogLevel>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
};

/** Lines kept in memory for a reader of stdout that does not keep up; what comes on top is dropped. */
const BUFFERED_BYTES_MAX = 1_048_576;

/** One JSON object a line, with the field names of the Flask service's python-json-logger. */
export function createLogger(level: LogLevel, destination: LogDestination = stdout()): Logger {
  const logger = pino(
    {
      level: pinoLevels[level],
      base: { service: 'backend' },
      messageKey: 'message',
      timestamp: () => `,"timestamp":"${new Date().toISOString().slice(0, 19).replace('T', ' ')}"`,
      formatters: { level: (label) => ({ level: logLevelOf[label] }) },
      serializers: { error: describeError },
      mixin: () => currentTrace() ?? {},
    },
    destination,
  );
  let droppedLines = 0;
  destination.on?.('drop', () => {
    droppedLines += 1;
  });
  return {
    get droppedLines() {
      return droppedLines;
    },
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warning: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
    end: (timeoutMs) => end(destination, timeoutMs),
  };
}

/** Asynchronous, so that a stalled reader of stdout does not stop the service, and bounded, so that it does not fill it. */
function stdout(): LogDestination {
  const destination = new sonicBoom.SonicBoom({ fd: 1, sync: false, maxLength: BUFFERED_BYTES_MAX });
  // The reader has gone: there is nobody to tell.
  destination.on('error', () => {});
  return destination;
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
