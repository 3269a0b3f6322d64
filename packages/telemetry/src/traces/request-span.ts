// The SERVER span of a request, from its arrival to the end of its response.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { type TraceIds, traceIdsOf, withClient } from './current.js';
import { describeRequest, type RequestDescription } from './request-attributes.js';
import type { SpanAttributes } from './spans.js';
import { tracingState } from './state.js';

const tracer = trace.getTracer('@products/telemetry');

/** A request's span, or the ids that stand in for one. */
export class RequestSpan {
  readonly #span: Span;
  readonly #context: Context;
  /** Undefined where nothing is traced. */
  readonly ids: TraceIds | undefined;

  constructor(span: Span, parent: Context, { socket }: IncomingMessage) {
    this.#span = span;
    this.#context = withClient(trace.setSpan(parent, span), socket.remoteAddress);
    this.ids = traceIdsOf(span);
  }

  /** The header `traceresponse` (https://www.w3.org/TR/trace-context-2/#traceresponse-header). */
  get traceResponse(): string | undefined {
    if (this.ids === undefined) return undefined;
    const flags = this.#span.spanContext().traceFlags.toString(16).padStart(2, '0');
    return `00-${this.ids.trace_id}-${this.ids.span_id}-${flags}`;
  }

  /** The trace id if the trace is exported; undefined where a look-up would find nothing. */
  get sampledTraceId(): string | undefined {
    return (this.#span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0 ? undefined : this.ids?.trace_id;
  }

  /** Runs work of the request: its lines, spans and errors belong to this span. */
  run<T>(work: () => T): T {
    return context.with(this.#context, work);
  }

  /** @param status of the response; 499 when the client left */
  end(status: number): void {
    const span = this.#span;
    if (!span.isRecording()) return;
    span.setAttributes({ 'http.status_code': status, 'http.response.status_code': status } satisfies SpanAttributes);
    if (status >= 500) {
      span.setAttributes({ error: true, 'error.type': String(status) } satisfies SpanAttributes);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  }
}

/**
 * Starts the span of a request that has just arrived: in the trace of its caller if it names one, or linked to it where
 * callers are ignored.
 */
export function startRequestSpan(request: IncomingMessage, description: RequestDescription): RequestSpan {
  const extracted = propagation.extract(ROOT_CONTEXT, request.headers);
  const caller = trace.getSpanContext(extracted);
  const { isCallerIgnored } = tracingState;
  const links = isCallerIgnored && caller !== undefined ? [{ context: caller }] : [];
  const parent = isCallerIgnored ? ROOT_CONTEXT : extracted;
  const attributes = describeRequest(request, description);
  const span = tracer.startSpan(description.name, { kind: SpanKind.SERVER, attributes, links }, parent);
  return new RequestSpan(span, parent, request);
}

/** Gives a request ids without a span, so that its lines and its response can be found. */
export function startUntracedRequest(request: IncomingMessage): RequestSpan {
  const { status, isCallerIgnored } = tracingState;
  const caller = isCallerIgnored ? undefined : trace.getSpanContext(propagation.extract(ROOT_CONTEXT, request.headers));
  const isTracing = status === 'started';
  const traceId = caller?.traceId ?? (isTracing ? randomHex() : '');
  const spanContext = { traceId, spanId: randomHex().slice(16), traceFlags: TraceFlags.NONE };
  return new RequestSpan(trace.wrapSpanContext(spanContext), ROOT_CONTEXT, request);
}

/** 32 digits. Node.js draws the bits of many UUIDs at once, where each `randomBytes` asks the system. */
function randomHex(): string {
  return randomUUID().replaceAll('-', '');
}
