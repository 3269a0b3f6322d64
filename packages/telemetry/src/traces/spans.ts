import { type AttributeValue, type Span, SpanKind, type SpanOptions, SpanStatusCode, trace } from '@opentelemetry/api';
import { type IdAttribute, type QuerySpanName, querySpans, type SpanAttribute } from '../contract/spans.js';
import { currentRequest } from './current.js';

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
  return runInSpan(name, { kind: SpanKind.INTERNAL }, work);
}

/**
 * Runs a SQL statement in a CLIENT span with OpenTracing's tags and today's semantic conventions.
 *
 * @param isFailure whether an error is the service's failure and not the client's doing: only then is it recorded
 */
export function withQuerySpan<T>(
  { span, statement, server }: QueryDescription,
  work: () => Promise<T>,
  isFailure: (error: unknown) => boolean,
): Promise<T> {
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
  const onError = (own: Span, error: unknown) => {
    const sqlState = findSqlState(error);
    if (sqlState !== undefined) own.setAttribute('db.response.status_code', sqlState);
    if (isFailure(error)) recordErrorOn(own, asError(error));
  };
  return runInSpan(span, { kind: SpanKind.CLIENT, attributes }, work, onError);
}

/** Says which row the active span finds, creates, changes or removes. */
export function identify(attribute: IdAttribute, id: number): void {
  trace.getActiveSpan()?.setAttribute(attribute, id);
}

/** Records the error that the active span ends with. */
export function recordError(error: Error): void {
  const span = trace.getActiveSpan();
  if (span !== undefined) recordErrorOn(span, error);
}

/** Records an error that the request of the active span survives. */
export function recordException(error: unknown): void {
  trace.getActiveSpan()?.recordException(asError(error), currentRequest()?.clock.now());
}

function runInSpan<T>(
  name: string,
  { kind, attributes }: { readonly kind: SpanKind; readonly attributes?: SpanAttributes },
  work: () => Promise<T>,
  onError = (span: Span, error: unknown) => recordErrorOn(span, asError(error)),
): Promise<T> {
  const request = currentRequest();
  const options: SpanOptions = request === undefined ? { kind } : { kind, startTime: request.clock.now() };
  return tracer.startActiveSpan(name, options, async (span) => {
    request?.spanStarted(span);
    // The SDK checks those that a span starts with three times.
    if (attributes !== undefined) span.setAttributes(attributes);
    try {
      return await work();
    } catch (error) {
      onError(span, error);
      throw error;
    } finally {
      span.end(request?.clock.now());
      request?.spanEnded(span);
    }
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function recordErrorOn(span: Span, error: Error): void {
  span.setAttributes({ error: true, 'error.type': error.name } satisfies SpanAttributes);
  span.recordException(error, currentRequest()?.clock.now());
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
}

/** The SQLSTATE of an error that PostgreSQL reported, or of its cause. */
function findSqlState(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('severity' in error && 'code' in error && typeof error.code === 'string') return error.code;
  return findSqlState(error.cause);
}
