import { type Context, context, createContextKey, isSpanContextValid, type Span, trace } from '@opentelemetry/api';
import type { TraceClock } from './trace-clock.js';

/** The ids that join a log line or an error to its span, under the names that logs and errors use. */
export interface TraceIds {
  /** 32 hex digits. */
  readonly trace_id: string;
  /** 16 hex digits. */
  readonly span_id: string;
}

/** The ids of the active span; undefined where nothing is traced. */
export function currentTrace(): TraceIds | undefined {
  const span = trace.getActiveSpan();
  return span === undefined ? undefined : traceIdsOf(span);
}

/** The ids of a span; undefined of one that stands for no trace. */
export function traceIdsOf(span: Span): TraceIds | undefined {
  const spanContext = span.spanContext();
  return isSpanContextValid(spanContext) ? { trace_id: spanContext.traceId, span_id: spanContext.spanId } : undefined;
}

/** The request that runs, as its spans and lines need it. */
export interface CurrentRequest {
  /** Address of the client. */
  readonly client: string | undefined;
  readonly clock: TraceClock;
  /** A span of the request's work: the request's own span ends after it. */
  spanStarted(span: Span): void;
  spanEnded(span: Span): void;
}

const REQUEST = createContextKey('request');

export function withRequest(parent: Context, request: CurrentRequest): Context {
  return parent.setValue(REQUEST, request);
}

/** The request that runs; undefined outside of any. */
export function currentRequest(): CurrentRequest | undefined {
  return context.active().getValue(REQUEST) as CurrentRequest | undefined;
}
