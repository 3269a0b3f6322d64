import { randomInt } from 'node:crypto';
import { ApiError, type DiagnosticsPort } from '@products/api-contract/server';
import { utcTimestamp } from '@products/db';
import type { Logger } from '@products/telemetry';

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

export function createError(logger: Logger): DiagnosticsPort['error'] {
  return () => {
    logger.info('error_simulated');
    try {
      failures[randomInt(failures.length)]?.();
    } catch (cause) {
      if (!(cause instanceof Error)) throw cause;
      const details = { type: cause.name, timestamp: utcTimestamp() };
      throw new ApiError('INTERNAL_SERVER_ERROR', { message: cause.message, details, cause });
    }
    throw new Error('every failure throws');
  };
}
