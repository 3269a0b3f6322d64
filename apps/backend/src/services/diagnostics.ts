import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type DiagnosticsPort } from '@products/api-contract/server';
import { utcTimestamp } from '@products/db';
import { type Logger, withSpan } from '@products/telemetry';

/** Each does something that the runtime itself refuses. */
const failures: readonly (() => unknown)[] = [
  /** TypeError */
  () => (JSON.parse('null') as { name: string }).name,
  /** RangeError */
  () => new Array(-1),
  /** SyntaxError */
  () => JSON.parse('{"name": '),
  /** URIError */
  () => decodeURIComponent('%'),
];

/**
 * Implements the port of diagnostics.
 *
 * @param slowMax how many slow operations may wait at once; the next is refused
 */
export function createDiagnostics(slowDelayMs: number, slowMax: number, logger: Logger): DiagnosticsPort {
  let slowCount = 0;
  const delay_seconds = slowDelayMs / 1_000;
  return {
    slow: async ({ signal }) => {
      if (slowCount >= slowMax) {
        throw new ApiError('SERVICE_UNAVAILABLE', { message: 'Trop d’opérations lentes attendent déjà.' });
      }
      slowCount += 1;
      logger.info('slow_operation_started', { delay_seconds });
      const result = await withSpan('simulate_slow_operation', async () => {
        try {
          await sleep(slowDelayMs, undefined, { signal });
        } catch {
          // A client that leaves is no failure: the span ends without an error.
          return undefined;
        } finally {
          slowCount -= 1;
        }
        logger.info('slow_operation_completed', { delay_seconds });
        return { message: 'Opération lente terminée', delay_seconds, timestamp: utcTimestamp() };
      });
      if (result === undefined) throw new ApiError('CLIENT_CLOSED_REQUEST');
      return result;
    },

    error: () => {
      logger.info('error_simulated');
      try {
        failures[randomInt(failures.length)]?.();
      } catch (cause) {
        if (!(cause instanceof Error)) throw cause;
        const details = { type: cause.name, timestamp: utcTimestamp() };
        throw new ApiError('INTERNAL_SERVER_ERROR', { message: cause.message, details, cause });
      }
      throw new Error('every failure throws');
    },
  };
}
