import { type Context, context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import {
  type IExportLogsServiceResponse,
  LogsExporterMetricsHelper,
  ProtobufLogsSerializer,
} from '@opentelemetry/otlp-transformer';
import { logs } from '@opentelemetry/sdk-node';
import type { LogLevel } from '../contract/logs.js';
import { withDeadline } from '../deadline.js';
import { createResource, type ResourceSettings } from '../resource.js';
import { version } from '../version.js';
import { logRecordCounts } from './log-record-counts.js';
import { createOtlpExport } from './otlp-export.js';
import { rarely } from './rarely.js';
import type { LineExportSettings } from './settings.js';

/** Length of the lines in memory for a receiver that hangs, beside the limit of their number. */
const QUEUE_LENGTH_MAX = 16 * 1_048_576;
/** The SDK's own limit of time, which does not say what became of a batch, comes after ours. */
const SDK_TIMEOUT_MARGIN_MS = 1_000;
const SHUTDOWN_TIMEOUT_MS = 1_500;

/** https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
const severityNumbers = { DEBUG: 5, INFO: 9, WARNING: 13, ERROR: 17 } as const satisfies Record<LogLevel, number>;

type LogRecord = Parameters<ReturnType<logs.LoggerProvider['getLogger']>['emit']>[0];

/** A line, parsed: what a record has fields of its own for, and its attributes. */
type Line = NonNullable<LogRecord['attributes']> & {
  readonly time: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly trace_id?: string;
  readonly span_id?: string;
};

/** Sends the lines of the log over OTLP as well. */
export interface LineExport {
  /** Takes a line as it is written. It neither waits nor throws: lines beyond the queue are dropped and counted. */
  add(line: string): void;
  /** Sends the lines that are left. Resolves with how many the receiver has not taken in time. */
  shutdown(timeoutMs: number): Promise<number>;
}

export function createLineExport(
  settings: LineExportSettings,
  resource: ResourceSettings,
  warn: (problem: string) => void,
): LineExport {
  /** Lengths of the lines that are queued or on their way, oldest first. */
  const lengths: number[] = [];
  let length = 0;
  let isShutDown = false;
  let isWarning = false;
  const warnRarely = rarely((problem) => {
    // The line that this writes would be one more to send.
    isWarning = true;
    warn(problem);
    isWarning = false;
  });
  const drop = (lines: number, problem: string) => {
    logRecordCounts.dropped += lines;
    warnRarely(problem);
  };
  const provider = new logs.LoggerProvider({
    resource: createResource(resource),
    processors: [
      new logs.BatchLogRecordProcessor({
        exporter: createExporter(settings, (lines, sent, problem) => {
          for (const taken of lengths.splice(0, lines)) length -= taken;
          logRecordCounts.exported += sent;
          if (problem !== undefined) drop(lines - sent, problem);
        }),
        scheduledDelayMillis: settings.delayMs,
        exportTimeoutMillis: settings.timeoutMs + SDK_TIMEOUT_MARGIN_MS,
        maxQueueSize: settings.queueLinesMax,
        maxExportBatchSize: settings.batchLinesMax,
      }),
    ],
  });
  const logger = provider.getLogger('@products/telemetry', version);
  return {
    add: (line) => {
      if (isShutDown || isWarning) return;
      // The SDK's processor would drop without a word, and does not bound the memory.
      if (lengths.length >= settings.queueLinesMax || length + line.length > QUEUE_LENGTH_MAX) {
        drop(1, `plus de ${lengths.length} lignes en attente`);
        return;
      }
      lengths.push(line.length);
      length += line.length;
      const record = toRecord(JSON.parse(line));
      // In no request's context: its timer serves the lines of many.
      context.with(ROOT_CONTEXT, () => logger.emit(record));
    },
    shutdown: async (timeoutMs) => {
      isShutDown = true;
      await withDeadline(provider.shutdown(), Math.min(timeoutMs, SHUTDOWN_TIMEOUT_MS), undefined);
      return lengths.length;
    },
  };
}

function createExporter(
  { url, timeoutMs }: LineExportSettings,
  onSent: (lines: number, sent: number, problem: string | undefined) => void,
): logs.LogRecordExporter {
  const { send, close } = createOtlpExport<logs.ReadableLogRecord[], IExportLogsServiceResponse>(
    {
      refused: 'lignes refusées',
      paths: '/v1/logs pour OTLP',
      notTaken: 'ce chemin ne prend pas de lignes',
      tooLarge: ' : réduisez OTEL_BLRP_MAX_EXPORT_BATCH_SIZE',
      variables: 'LOGS',
      componentType: 'otlp_http_log_exporter',
      serializer: ProtobufLogsSerializer,
      metricsHelper: LogsExporterMetricsHelper,
      readRejection: ({ partialSuccess }) => [partialSuccess?.rejectedLogRecords, partialSuccess?.errorMessage],
    },
    { url, timeoutMs },
  );
  return {
    export: async (records, done) => {
      const { sent, problem } = await send(records, records.length);
      onSent(records.length, sent, problem);
      done(problem === undefined ? { code: 0 } : { code: 1, error: new Error(problem) });
    },
    forceFlush: async () => {},
    shutdown: close,
  };
}

/** `timestamp` is `time` once more, to the second. */
function toRecord({ timestamp, time, level, message, trace_id, span_id, ...attributes }: Line): LogRecord {
  return {
    timestamp: time,
    observedTimestamp: time,
    severityNumber: severityNumbers[level],
    severityText: level,
    body: message,
    attributes,
    context: contextOf(trace_id, span_id),
  };
}

/** The ids of the line, with the flags of its span: it is the active one. */
function contextOf(traceId: string | undefined, spanId: string | undefined): Context {
  if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT;
  const active = trace.getActiveSpan()?.spanContext();
  const traceFlags = active?.spanId === spanId ? active.traceFlags : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags });
}
