import { type Context, context, createContextKey, isSpanContextValid, type Span, trace } from '@opentelemetry/api';

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

const CLIENT = createContextKey('address of the client');

export function withClient(parent: Context, address: string | undefined): Context {
  return parent.setValue(CLIENT, address);
}

/** Address of the client whose request runs; undefined outside of any. */
export function currentClient(): string | undefined {
  return context.active().getValue(CLIENT) as string | undefined;
}
