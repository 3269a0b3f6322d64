import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type DiagnosticsPort } from '@products/api-contract/server';
import { utcTimestamp } from '@products/db';
import { type Logger, withSpan } from '@products/telemetry';

export function createSlow(delayMs: number, logger: Logger): DiagnosticsPort['slow'] {
  const delay_seconds = delayMs / 1_000;
  return async (signal) => {
    logger.info(`Opération lente de ${delay_seconds} s`, { delay_seconds });
    return withSpan('simulate_slow_operation', async () => {
      try {
        await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
      } catch (error) {
        throw new ApiError('CLIENT_CLOSED_REQUEST', { cause: error });
      }
      logger.info('Opération lente terminée', { delay_seconds });
      return { message: 'Opération lente terminée', delay_seconds, timestamp: utcTimestamp() };
    });
  };
}
