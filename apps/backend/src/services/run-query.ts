import { ApiError } from '@products/api-contract/server';
import { DatabaseUnavailableError, unwrapQueryError } from '@products/db';
import { type Metrics, type QueryDescription, withQuerySpan } from '@products/telemetry';

/**
 * Runs a SQL statement: in its span, measured, its failure in the words of the API. What the work logs carries the
 * statement's span id.
 */
export type RunQuery = <T>(query: QueryDescription, work: () => Promise<T>) => Promise<T>;

/** The only place where the service meets the database. */
export function createRunQuery(metrics: Metrics): RunQuery {
  return async (query, work) => {
    try {
      return await withQuerySpan(query, () => measure(metrics, query, work));
    } catch (error) {
      throw error instanceof DatabaseUnavailableError ? new ApiError('SERVICE_UNAVAILABLE', { cause: error }) : error;
    }
  };
}

async function measure<T>(metrics: Metrics, query: QueryDescription, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  try {
    return await work();
  } catch (error) {
    throw unwrapQueryError(error);
  } finally {
    const { operation, table } = query;
    if (table !== undefined) {
      metrics.queryEnded({ operation, table, durationSeconds: (performance.now() - startedAt) / 1_000 });
    }
  }
}
