import { ApiError, type ProductsPort } from '@products/api-contract/server';
import { type Database, DatabaseUnavailableError } from '@products/db';
import type { Logger } from '@products/telemetry';
import type { ReadPage } from './read-page.js';

const CHECK_EVERY_MS = 1_000;
const WARN_EVERY_MS = 60_000;

export interface ProductReads {
  readonly readPage: ReadPage;
  readonly find: ProductsPort['find'];
}

/**
 * Reads on the replica while it answers, else on the primary. A replica that fails is left alone until a check, beside the
 * requests, finds that it answers again: only the requests that were under way have waited for it.
 */
export function preferReplica(
  replica: Database,
  { onReplica, onPrimary }: { onReplica: ProductReads; onPrimary: ProductReads },
  logger: Logger,
): ProductReads {
  let isDown = false;
  let checkedAt = 0;
  let warnedAt = Number.NEGATIVE_INFINITY;

  const leaveAlone = (reason: string) => {
    isDown = true;
    checkedAt = performance.now();
    if (checkedAt - warnedAt < WARN_EVERY_MS) return;
    warnedAt = checkedAt;
    logger.warning('replica_unavailable', { reason });
  };
  const checkNowAndThen = () => {
    if (performance.now() - checkedAt < CHECK_EVERY_MS) return;
    checkedAt = performance.now();
    replica.check().then(
      () => {
        isDown = false;
      },
      () => {},
    );
  };
  const prefer =
    <Input, Output>(read: (input: Input) => Promise<Output>, elsewhere: (input: Input) => Promise<Output>) =>
    async (input: Input) => {
      if (isDown) {
        checkNowAndThen();
        return elsewhere(input);
      }
      try {
        return await read(input);
      } catch (error) {
        const failure = findFailure(error);
        if (failure === undefined) throw error;
        leaveAlone(failure);
        return elsewhere(input);
      }
    };

  return {
    readPage: prefer(onReplica.readPage, onPrimary.readPage),
    find: prefer(onReplica.find, onPrimary.find),
  };
}

/** What is wrong with the replica. That its pool is full is not: what is too much for it is too much for the primary. */
function findFailure(error: unknown): string | undefined {
  const { cause } = error instanceof ApiError ? error : {};
  if (!(cause instanceof DatabaseUnavailableError) || cause.cause === undefined) return undefined;
  return cause.cause instanceof Error ? cause.cause.message : String(cause.cause);
}
