import { ApiError } from '@products/api-contract/server';
import { type Database, DatabaseUnavailableError } from '@products/db';
import type { Logger } from '@products/telemetry';
import type { ProductReads } from './queries.js';

const CHECK_EVERY_MS = 1_000;
const WARN_EVERY_MS = 60_000;

/**
 * Reads on the replica while it answers, else on the primary. After a failure the replica gets no reads until a check in the
 * background succeeds, so that only the requests under way have waited for it.
 */
export function preferReplica(
  replica: Database,
  { onReplica, onPrimary }: { onReplica: ProductReads; onPrimary: ProductReads },
  logger: Logger,
): ProductReads {
  let isDown = false;
  let checkedAt = 0;
  let warnedAt = Number.NEGATIVE_INFINITY;

  const markDown = (reason: string) => {
    isDown = true;
    checkedAt = performance.now();
    if (checkedAt - warnedAt < WARN_EVERY_MS) return;
    warnedAt = checkedAt;
    logger.warning('replica_unavailable', { reason });
  };
  const recheck = () => {
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
        recheck();
        return elsewhere(input);
      }
      try {
        return await read(input);
      } catch (error) {
        const failure = findFailure(error);
        if (failure === undefined) throw error;
        markDown(failure);
        return elsewhere(input);
      }
    };

  return {
    readPage: prefer(onReplica.readPage, onPrimary.readPage),
    readById: prefer(onReplica.readById, onPrimary.readById),
  };
}

/** The replica's failure, if any. A full pool is overload, not failure: the primary could not take the load either. */
function findFailure(error: unknown): string | undefined {
  const { cause } = error instanceof ApiError ? error : {};
  if (!(cause instanceof DatabaseUnavailableError) || cause.cause === undefined) return undefined;
  return cause.cause instanceof Error ? cause.cause.message : String(cause.cause);
}
