import { ApiError } from '@products/api-contract/server';
import type { Logger, MetricsSnapshot } from '@products/telemetry';
import type { Config } from '../config.js';
import { never, type Running } from '../running.js';
import { type ProcessServer, startServer } from '../server.js';
import { withTimeout } from '../with-timeout.js';
import type { PrimaryMessage, WorkerMessage } from './messages.js';

const REPORT_EVERY_MS = 1_000;

/** How long the primary process may take to collect everyone's metrics. */
const COLLECT_TIMEOUT_MS = 1_000;

/** One of the processes that share the port; its stop reports a last time. */
export interface RunningWorker extends Running {
  /** Resolves when the primary process asks for the stop. */
  readonly stopRequested: Promise<void>;
}

/**
 * Starts this process's share of the service.
 *
 * @throws {Error} when the port cannot be had.
 */
export async function startWorker(config: Config, logger: Logger): Promise<RunningWorker> {
  if (config.database === undefined) throw new Error('a worker is given its database by the primary process');
  const { promise: stopRequested, resolve: requestStop } = Promise.withResolvers<void>();
  const scrapes = new PendingScrapes();
  const server = await startServer(config, config.database, logger, () => scrapes.collect());
  process.on('message', (message: PrimaryMessage) => {
    if (message.kind === 'stop') requestStop();
    if (message.kind === 'report') void report(server, message.round);
    if (message.kind === 'collected') scrapes.resolve(message.id, message.snapshot);
  });
  logger.info('worker_started', { pid: process.pid });
  await send({ kind: 'listening', url: server.url });
  const reporting = setInterval(() => void report(server), REPORT_EVERY_MS).unref();
  return {
    stopRequested,
    failed: never,
    stop: async () => {
      const isClean = await server.stop();
      clearInterval(reporting);
      await report(server);
      return isClean;
    },
  };
}

async function report(server: ProcessServer, round?: number): Promise<void> {
  const snapshot = await server.snapshotMetrics();
  await send({ kind: 'metrics', snapshot, ...(round === undefined ? {} : { round }) });
}

/** Scrapes that wait for the primary process to collect the metrics of all workers. */
class PendingScrapes {
  readonly #open = new Map<number, (snapshot: MetricsSnapshot) => void>();
  #lastId = 0;

  /** @throws {ApiError} SERVICE_UNAVAILABLE when there is no answer in time. */
  async collect(): Promise<MetricsSnapshot> {
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

  resolve(id: number, snapshot: MetricsSnapshot): void {
    this.#open.get(id)?.(snapshot);
  }
}

/** Resolves when the message is sent, or the primary process is gone. */
function send(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || process.send === undefined) resolve();
    else process.send(message, undefined, {}, () => resolve());
  });
}
