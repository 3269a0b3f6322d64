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
import { type CurrentRequest, type TraceIds, traceIdsOf, withRequest } from './current.js';
import { describeRequest, type RequestDescription } from './request-attributes.js';
import type { SpanAttributes } from './spans.js';
import { tracingState } from './state.js';
import { TraceClock } from './trace-clock.js';

const tracer = trace.getTracer('@products/telemetry');

/** Spans of requests that have been answered and whose work goes on: a statement whose client has left. */
const unfinished = new Set<RequestSpan>();

/** Ends them now, for a process that stops. */
export function endUnfinishedSpans(): void {
  for (const span of unfinished) span.finish();
}

/** A request's span, or the ids that stand in for one. */
export class RequestSpan implements CurrentRequest {
  readonly #span: Span;
  readonly #context: Context;
  readonly #openSpans: Span[] = [];
  readonly client: string | undefined;
  readonly clock: TraceClock;
  /** Undefined where nothing is traced. */
  readonly ids: TraceIds | undefined;

  constructor(span: Span, parent: Context, { socket }: IncomingMessage, clock: TraceClock) {
    this.#span = span;
    this.client = socket.remoteAddress;
    this.clock = clock;
    this.#context = withRequest(trace.setSpan(parent, span), this);
    this.ids = traceIdsOf(span);
  }

  spanStarted(span: Span): void {
    this.#openSpans.push(span);
  }

  spanEnded(span: Span): void {
    this.#openSpans.splice(this.#openSpans.indexOf(span), 1);
    if (this.#openSpans.length === 0 && unfinished.has(this)) this.finish();
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

  /**
   * Ends the span, or leaves that to the last span of its work: a child lies within its parent.
   *
   * @param status of the response; 499 when the client left
   */
  end(status: number): void {
    const span = this.#span;
    if (!span.isRecording()) return;
    span.setAttributes({ 'http.status_code': status, 'http.response.status_code': status } satisfies SpanAttributes);
    if (status >= 500) {
      span.setAttributes({ error: true, 'error.type': String(status) } satisfies SpanAttributes);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    if (this.#openSpans.length === 0) span.end(this.clock.now());
    else unfinished.add(this);
  }

  /** Ends it and what is left of its work. */
  finish(): void {
    unfinished.delete(this);
    const now = this.clock.now();
    for (const open of this.#openSpans.toReversed()) open.end(now);
    this.#span.end(now);
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
  const clock = new TraceClock();
  const span = tracer.startSpan(description.name, { kind: SpanKind.SERVER, links, startTime: clock.now() }, parent);
  // The SDK checks those that a span starts with three times.
  if (span.isRecording()) span.setAttributes(describeRequest(request, description));
  return new RequestSpan(span, parent, request, clock);
}

/** Gives a request ids without a span, so that its lines and its response can be found. */
export function startUntracedRequest(request: IncomingMessage): RequestSpan {
  const { status, isCallerIgnored } = tracingState;
  const caller = isCallerIgnored ? undefined : trace.getSpanContext(propagation.extract(ROOT_CONTEXT, request.headers));
  const isTracing = status === 'started';
  const traceId = caller?.traceId ?? (isTracing ? randomHex() : '');
  const spanContext = { traceId, spanId: randomHex().slice(16), traceFlags: TraceFlags.NONE };
  return new RequestSpan(trace.wrapSpanContext(spanContext), ROOT_CONTEXT, request, new TraceClock());
}

/** 32 digits. Node.js draws the bits of many UUIDs at once, where each `randomBytes` asks the system. */
function randomHex(): string {
  return randomUUID().replaceAll('-', '');
}
