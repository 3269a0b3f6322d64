import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type DiagnosticsPort } from '@products/api-contract/server';
import { utcTimestamp } from '@products/db';
import { type Logger, withSpan } from '@products/telemetry';

/** Each does something that the runtime itself refuses; the label is the nearest of the Flask service's four. */
const failures: readonly { readonly label: string; readonly fail: () => unknown }[] = [
  /** TypeError */
  { label: 'Clé inexistante', fail: () => (JSON.parse('null') as { name: string }).name },
  /** RangeError */
  { label: 'Index hors limites', fail: () => new Array(-1) },
  /** RangeError */
  { label: 'Division par zéro', fail: () => 1n / BigInt(0) },
  /** SyntaxError */
  { label: 'Type invalide', fail: () => JSON.parse('{"name": ') },
  /** URIError */
  { label: 'Type invalide', fail: () => decodeURIComponent('%') },
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
        return {
          message: `Réponse après ${delay_seconds} secondes de latence`,
          delay_seconds,
          timestamp: utcTimestamp(),
        };
      });
      if (result === undefined) throw new ApiError('CLIENT_CLOSED_REQUEST');
      return result;
    },

    error: () => {
      logger.info('error_simulated');
      const failure = failures[randomInt(failures.length)];
      try {
        failure?.fail();
      } catch (cause) {
        if (!(cause instanceof Error)) throw cause;
        const details = { type: cause.name, type_label: failure?.label, timestamp: utcTimestamp() };
        throw new ApiError('INTERNAL_SERVER_ERROR', { message: cause.message, details, cause });
      }
      throw new Error('every failure throws');
    },
  };
}
