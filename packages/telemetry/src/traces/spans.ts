import { type Attributes, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  ATTR_DB_COLLECTION_NAME,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_QUERY_TEXT,
  ATTR_DB_SYSTEM_NAME,
  ATTR_HTTP_ROUTE,
  DB_SYSTEM_NAME_VALUE_POSTGRESQL,
} from '@opentelemetry/semantic-conventions';

const tracer = trace.getTracer('@products/telemetry');

/** A SQL statement as spans and metrics describe it. */
export interface QueryDescription {
  readonly spanName: 'db_query_products' | 'db_query_product_by_id' | 'db_insert_product' | 'db_health_check';
  readonly operation: 'SELECT' | 'INSERT';
  /** Undefined for a statement that reads no table. */
  readonly table: 'products' | undefined;
  /** The text with placeholders, never with values. */
  readonly statement: string;
}

/** Runs the work in a span that is active meanwhile, ends with it, and records its failure. */
export function withSpan<T>(name: string, work: () => Promise<T>): Promise<T> {
  return runInSpan(name, SpanKind.INTERNAL, {}, work);
}

/** Runs a SQL statement in a CLIENT span with OpenTracing's tags and today's semantic conventions. */
export function withQuerySpan<T>(query: QueryDescription, work: () => Promise<T>): Promise<T> {
  const attributes: Attributes = {
    'db.type': 'sql',
    'db.statement': query.statement,
    [ATTR_DB_SYSTEM_NAME]: DB_SYSTEM_NAME_VALUE_POSTGRESQL,
    [ATTR_DB_QUERY_TEXT]: query.statement,
    [ATTR_DB_OPERATION_NAME]: query.operation,
    ...(query.table === undefined ? {} : { [ATTR_DB_COLLECTION_NAME]: query.table }),
  };
  return runInSpan(query.spanName, SpanKind.CLIENT, attributes, work);
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
  span?.setAttribute(ATTR_HTTP_ROUTE, route);
}

/** Records on the active span an error that its request ends with. */
export function recordRequestError(error: Error): void {
  const span = trace.getActiveSpan();
  if (span !== undefined) recordError(span, error);
}

function runInSpan<T>(name: string, kind: SpanKind, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
    try {
      return await work();
    } catch (error) {
      recordError(span, error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
      span.end();
    }
  });
}

function recordError(span: Span, error: Error): void {
  span.setAttribute('error', true);
  span.recordException(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
}
