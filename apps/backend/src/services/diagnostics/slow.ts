import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type DiagnosticsPort } from '@products/api-contract/server';
import { utcTimestamp } from '@products/db';
import { type Logger, withSpan } from '@products/telemetry';

export function createSlow(delayMs: number, logger: Logger): DiagnosticsPort['slow'] {
  const delay_seconds = delayMs / 1_000;
  return async (signal) => {
    logger.info('slow_operation_started', { delay_seconds });
    const result = await withSpan('simulate_slow_operation', async () => {
      try {
        await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
      } catch {
        // The client has left, which is no failure of the operation.
        return undefined;
      }
      logger.info('slow_operation_completed', { delay_seconds });
      return { message: 'Opération lente terminée', delay_seconds, timestamp: utcTimestamp() };
    });
    if (result === undefined) throw new ApiError('CLIENT_CLOSED_REQUEST');
    return result;
  };
}
