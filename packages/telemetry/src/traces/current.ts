import { isSpanContextValid, TraceFlags, trace } from '@opentelemetry/api';

/** The ids that join a log line or an error to its span, under the names that logs and errors use. */
export interface TraceIds {
  /** 32 hex digits. */
  readonly trace_id: string;
  /** 16 hex digits. */
  readonly span_id: string;
}

/** The ids of the active span; undefined where nothing is traced. */
export function currentTrace(): TraceIds | undefined {
  const spanContext = trace.getActiveSpan()?.spanContext();
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return undefined;
  return { trace_id: spanContext.traceId, span_id: spanContext.spanId };
}

/** The active span as a `traceresponse` header (https://www.w3.org/TR/trace-context-2/#traceresponse-header). */
export function currentTraceResponse(): string | undefined {
  const spanContext = trace.getActiveSpan()?.spanContext();
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return undefined;
  const flags = spanContext.traceFlags.toString(16).padStart(2, '0');
  return `00-${spanContext.traceId}-${spanContext.spanId}-${flags}`;
}

/** The id of the active trace if it is exported; undefined where nobody could look it up. */
export function currentSampledTraceId(): string | undefined {
  const spanContext = trace.getActiveSpan()?.spanContext();
  return ((spanContext?.traceFlags ?? 0) & TraceFlags.SAMPLED) === 0 ? undefined : spanContext?.traceId;
}
