import { ApiError } from '@products/api-contract/server';
import { DatabaseUnavailableError, ValueRefusedError } from '@products/db';
import { type Metrics, type QueryDescription, querySpans, withQuerySpan } from '@products/telemetry';

/**
 * Runs a SQL statement: in its span, measured, its failure as an error of the API. Lines that the work logs carry the
 * statement's span id.
 */
export type RunQuery = <T>(query: QueryDescription, work: () => Promise<T>) => Promise<T>;

/** The only place where spans, metrics and errors of SQL statements are made. */
export function createRunQuery(metrics: Metrics): RunQuery {
  return async (query, work) => {
    const startedAt = performance.now();
    try {
      const result = await withQuerySpan(query, work, isFailure);
      count(metrics, query.span, startedAt);
      return result;
    } catch (cause) {
      if (isAbort(cause)) throw new ApiError('CLIENT_CLOSED_REQUEST', { cause });
      count(metrics, query.span, startedAt);
      if (cause instanceof DatabaseUnavailableError) throw new ApiError('SERVICE_UNAVAILABLE', { cause });
      throw cause;
    }
  };
}

/** A client that leaves, or whose value the table refuses, is no failure of the statement. */
function isFailure(error: unknown): boolean {
  return !isAbort(error) && !(error instanceof ValueRefusedError);
}

/** Whether the client left before the statement was sent. */
function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

function count(metrics: Metrics, span: QueryDescription['span'], startedAt: number): void {
  const { operation, table }: { operation: string; table?: string } = querySpans[span];
  if (table === undefined) return;
  metrics.queryEnded({ operation, table, durationSeconds: (performance.now() - startedAt) / 1_000 });
}
