import { ApiError } from '@products/api-contract/server';
import type { Logger, MetricsSnapshot } from '@products/telemetry';
import type { Config } from '../config.js';
import { type RunningServer, startServer } from '../server.js';
import { withTimeout } from '../with-timeout.js';
import type { PrimaryMessage, WorkerMessage } from './messages.js';

const REPORT_EVERY_MS = 1_000;

/** How long the primary process may take to collect everyone's metrics. */
const COLLECT_TIMEOUT_MS = 1_000;

/** One of the processes that share the port; started by the primary process. */
export interface Worker {
  /** Resolves when the primary process asks for the stop. */
  readonly stopRequested: Promise<void>;
  /** Answers what was accepted, and reports a last time. Resolves with whether all of it was in time. */
  stop(): Promise<boolean>;
}

/**
 * Starts this process's share of the service.
 *
 * @throws {Error} when the port cannot be had.
 */
export async function startWorker(config: Config, logger: Logger): Promise<Worker> {
  if (config.database === undefined) throw new Error('a worker is given its database by the primary process');
  const { promise: stopRequested, resolve: requestStop } = Promise.withResolvers<void>();
  const collections = new Collections();
  const server = await startServer(config, config.database, logger, () => collections.ask());
  process.on('message', (message: PrimaryMessage) => {
    if (message.kind === 'stop') requestStop();
    if (message.kind === 'report') void report(server, message.round);
    if (message.kind === 'collected') collections.answer(message.id, message.snapshot);
  });
  logger.info('worker_started', { pid: process.pid });
  await send({ kind: 'listening', url: server.url });
  const reporting = setInterval(() => void report(server), REPORT_EVERY_MS).unref();
  return {
    stopRequested,
    stop: async () => {
      const isClean = await server.stop();
      clearInterval(reporting);
      await report(server);
      return isClean;
    },
  };
}

async function report(server: RunningServer, round?: number): Promise<void> {
  const snapshot = await server.snapshotMetrics();
  await send({ kind: 'metrics', snapshot, ...(round === undefined ? {} : { round }) });
}

/** Questions to the primary process for the metrics of all workers. */
class Collections {
  readonly #open = new Map<number, (snapshot: MetricsSnapshot) => void>();
  #lastId = 0;

  /** @throws {ApiError} SERVICE_UNAVAILABLE when there is no answer in time. */
  async ask(): Promise<MetricsSnapshot> {
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve } = Promise.withResolvers<MetricsSnapshot>();
    this.#open.set(id, resolve);
    try {
      await send({ kind: 'collect', id });
      return await withTimeout(promise, COLLECT_TIMEOUT_MS);
    } catch (cause) {
      const message = 'Les métriques des processus n’ont pu être réunies.';
      throw new ApiError('SERVICE_UNAVAILABLE', { message, cause });
    } finally {
      this.#open.delete(id);
    }
  }

  answer(id: number, snapshot: MetricsSnapshot): void {
    this.#open.get(id)?.(snapshot);
  }
}

/** Resolves when the message is on its way, or there is nobody to get it. */
function send(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || process.send === undefined) resolve();
    else process.send(message, undefined, {}, () => resolve());
  });
}
