import pino from 'pino';
import {
  type EventsAt,
  type FieldsOf,
  type LogEvent,
  type LogEventName,
  type LogLevel,
  logEvents,
} from './contract/logs.js';
import { withDeadline } from './deadline.js';
import { createErrorFields } from './error-fields.js';
import { countLines, createLogBuffer, type LogDestination } from './log-buffer.js';
import { compileEvent, type RenderEvent } from './log-line.js';
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

/** Renders the times of lines, in Unix milliseconds. The text of `timestamp` lasts a second. */
function createTimes(): (time: number) => string {
  let second = Number.NaN;
  let field = '';
  return (time) => {
    const now = Math.floor(time / 1_000);
    if (now !== second) {
      second = now;
      field = `,"timestamp":"${new Date(now * 1_000).toISOString().slice(0, 19).replace('T', ' ')}"`;
    }
    return `${field},"time":${time}`;
  };
}

/** Lines are rendered by so many: between the other work of a request, rendering one costs several times as much. */
const RENDERED_AT_ONCE = 64;

/** A line that waits to be rendered. */
interface Line {
  readonly level: LogLevel;
  readonly event: LogEventName;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly trace: TraceIds | undefined;
  readonly time: number;
  readonly client: string | undefined;
}

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
  const renderers = Object.fromEntries(
    Object.entries<LogEvent>(logEvents).map(([name, event]) => [name, compileEvent(event, describeError)]),
  ) as Record<LogEventName, RenderEvent>;
  let droppedLines = 0;
  let isReaderGone = false;
  let isEnded = false;
  const relay = (lines: string, client?: string): void => {
    if (isReaderGone || isEnded) droppedLines += countLines(lines);
    else destination.write(lines, client);
  };
  const renderTimes = createTimes();
  const render = ({ level, event, fields, trace, time }: Line) =>
    `{"level":"${level}"${renderTimes(time)},"service":"backend"${renderers[event](fields, trace)}`;
  /** Of the line that pino renders. */
  let client: string | undefined;
  const logger = pino(
    { level: pinoLevels[level], timestamp: false },
    {
      write: (line: string) => {
        relay(line, client);
        lineExport?.add(line);
      },
    },
  );
  // pino's own renderer takes any object; it may be replaced (https://getpino.io/#/docs/api?id=pino-symbols).
  Object.assign(logger, { [pino.symbols.asJsonSym]: render });
  const pending: Line[] = [];
  const renderPending = () => {
    for (const line of pending.splice(0)) {
      ({ client } = line);
      logger[pinoLevels[line.level]](line);
    }
  };
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
    trace?: TraceIds,
  ) => {
    if (!logger.isLevelEnabled(pinoLevels[level])) return;
    pending.push({
      level,
      event,
      fields,
      trace: trace ?? currentTrace(),
      time: Date.now(),
      client: currentRequest()?.client,
    });
    // The export asks for the active span, and after the end nothing flushes.
    const isAtOnce = destination.beforeFlush === undefined || lineExport !== undefined || isEnded;
    if (isAtOnce || pending.length >= RENDERED_AT_ONCE) renderPending();
    else if (pending.length === 1) destination.beforeFlush?.(renderPending);
  };
  return {
    get droppedLines() {
      return isReaderGone ? droppedLines + (destination.waitingLines ?? 0) : droppedLines;
    },
    get waitingLines() {
      return isReaderGone ? 0 : pending.length + (destination.waitingLines ?? 0);
    },
    info: (event, ...[fields]) => write('INFO', event, fields),
    warning: (event, ...[fields]) => write('WARNING', event, fields),
    error: (event, ...[fields]) => write('ERROR', event, fields),
    log: write,
    relay: (lines) => {
      renderPending();
      relay(lines);
    },
    end: (timeoutMs) => {
      renderPending();
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
