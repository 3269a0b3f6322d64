import { ApiError } from '@products/api-contract/server';
import { DatabaseUnavailableError } from '@products/db';
import { type Metrics, type QueryDescription, querySpans, withQuerySpan } from '@products/telemetry';

/**
 * Runs a SQL statement: in its span, measured, its failure as an error of the API. Lines that the work logs carry the
 * statement's span id.
 */
export type RunQuery = <T>(query: QueryDescription, work: () => Promise<T>) => Promise<T>;

/** The only place where spans, metrics and errors of SQL statements are made. */
export function createRunQuery(metrics: Metrics): RunQuery {
  return async (query, work) => {
    try {
      return await withQuerySpan(query, () => measure(metrics, query.span, work));
    } catch (error) {
      throw error instanceof DatabaseUnavailableError ? new ApiError('SERVICE_UNAVAILABLE', { cause: error }) : error;
    }
  };
}

async function measure<T>(metrics: Metrics, span: QueryDescription['span'], work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  try {
    return await work();
  } finally {
    const { operation, table }: { operation: string; table?: string } = querySpans[span];
    if (table !== undefined) {
      metrics.queryEnded({ operation, table, durationSeconds: (performance.now() - startedAt) / 1_000 });
    }
  }
}
