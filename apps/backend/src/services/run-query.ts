import { ApiError } from '@products/api-contract/server';
import { type DatabaseServer, DatabaseUnavailableError } from '@products/db';
import { type Metrics, type QueryDescription, querySpans, withQuerySpan } from '@products/telemetry';

/**
 * Runs a SQL statement: in its span, measured, its failure in the words of the API. What the work logs carries the
 * statement's span id.
 */
export type RunQuery = <T>(query: Omit<QueryDescription, 'server'>, work: () => Promise<T>) => Promise<T>;

/** The only place where spans, metrics and errors of SQL statements are made. */
export function createRunQuery(metrics: Metrics, server: DatabaseServer): RunQuery {
  return async ({ span, statement }, work) => {
    try {
      return await withQuerySpan({ span, statement, server }, () => measure(metrics, span, work));
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
