import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import {
  type AttributeValue,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { type QuerySpanName, querySpans, type SpanAttribute } from '../contract/spans.js';
import { tracingState } from './state.js';

const tracer = trace.getTracer('@products/telemetry');

/** Attributes that the spans' contract declares. */
export type SpanAttributes = Partial<Record<SpanAttribute, AttributeValue>>;

/** A SQL statement as its span describes it. */
export interface QueryDescription {
  readonly span: QuerySpanName;
  /** The text with placeholders, never with values. */
  readonly statement: string;
  /** Where it is run. */
  readonly server: { readonly host: string; readonly port: number; readonly database: string };
}

/**
 * Runs the work in a span that is active meanwhile, ends with it, and records its failure.
 *
 * @param name `simulate_slow_operation`, or a procedure's
 */
export function withSpan<T>(name: string, work: () => Promise<T>): Promise<T> {
  return runInSpan(name, SpanKind.INTERNAL, {}, work);
}

/**
 * Runs the work of a request that gets no span: under ids all the same, in the caller's trace if it has one, so that its
 * lines and its response can be found.
 */
export function withoutSpan(headers: IncomingHttpHeaders, work: () => void): void {
  if (tracingState.status !== 'started') {
    work();
    return;
  }
  const caller = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, headers));
  const spanContext = {
    traceId: caller?.traceId ?? randomHex(),
    spanId: randomHex().slice(16),
    traceFlags: TraceFlags.NONE,
  };
  context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), work);
}

/** 32 digits. Node.js draws the bits of many UUIDs at once, where each call of `randomBytes` asks the system. */
function randomHex(): string {
  return randomUUID().replaceAll('-', '');
}

/** Runs a SQL statement in a CLIENT span with OpenTracing's tags and today's semantic conventions. */
export function withQuerySpan<T>({ span, statement, server }: QueryDescription, work: () => Promise<T>): Promise<T> {
  const { operation, table }: { operation: string; table?: string } = querySpans[span];
  const attributes: SpanAttributes = {
    'db.type': 'sql',
    'db.statement': statement,
    'db.system.name': 'postgresql',
    'db.namespace': server.database,
    'db.query.text': statement,
    'db.operation.name': operation,
    'server.address': server.host,
    'server.port': server.port,
    ...(table === undefined ? {} : { 'db.collection.name': table }),
  };
  return runInSpan(span, SpanKind.CLIENT, attributes, async () => {
    try {
      return await work();
    } catch (error) {
      const sqlState = findSqlState(error);
      if (sqlState !== undefined) trace.getActiveSpan()?.setAttribute('db.response.status_code', sqlState);
      throw error;
    }
  });
}

/**
 * Says which route the request of the active span turned out to be for.
 *
 * @param name what the span is called from now on: `GET /products/:id`, `products.list`
 * @param route the template that the path matched: `/products/:id`
 */
export function nameRequestSpan(name: string, route: string): void {
  const span = trace.getActiveSpan();
  span?.updateName(name);
  span?.setAttributes({ 'http.route': route } satisfies SpanAttributes);
}

/** Records on the active span an error that it ends with. */
export function recordError(error: Error): void {
  const span = trace.getActiveSpan();
  if (span !== undefined) recordErrorOn(span, error);
}

/** Notes on the active span an error that its request survives. */
export function recordException(error: unknown): void {
  trace.getActiveSpan()?.recordException(error instanceof Error ? error : new Error(String(error)));
}

function runInSpan<T>(name: string, kind: SpanKind, attributes: SpanAttributes, work: () => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
    try {
      return await work();
    } catch (error) {
      recordErrorOn(span, error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
      span.end();
    }
  });
}

function recordErrorOn(span: Span, error: Error): void {
  span.setAttributes({ error: true, 'error.type': error.name } satisfies SpanAttributes);
  span.recordException(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
}

/** The code of an error that PostgreSQL itself reported, or of the one behind it. */
function findSqlState(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('severity' in error && 'code' in error && typeof error.code === 'string') return error.code;
  return findSqlState(error.cause);
}
