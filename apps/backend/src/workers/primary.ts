import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMetrics, type Logger, type MetricsSnapshot, tracingState } from '@products/telemetry';
import type { Config } from '../config.js';
import type { ServiceDatabase } from '../database.js';
import { SERVER_STOP_STEPS_MAX_MS } from '../server.js';
import type { Serving } from '../service.js';
import { withTimeout } from '../with-timeout.js';
import { tell, type WorkerMessage } from './messages.js';
import { WorkerMetrics } from './worker-metrics.js';

/** How long a worker may take to listen. */
const START_TIMEOUT_MS = 30_000;

/** So many starts in a row that fail mean that none will succeed; the pause between them doubles. */
const FAILED_STARTS_MAX = 5;
const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 5_000;

/** A worker that ends sooner than this is not replaced at once. */
const SHORT_LIFE_MS = 500;

/** What the stop of a worker may take beyond its own deadlines. */
const STOP_MARGIN_MS = 2_000;

/**
 * Serves with several worker processes that share the port. One that ends is replaced; at SIGUSR2 all are, one after the
 * other and without a request lost.
 *
 * @throws {Error} when the first worker does not start; it has logged why.
 */
export function serveWithWorkers(config: Config, logger: Logger): (database: ServiceDatabase) => Promise<Serving> {
  return async ({ embeddedUrl }) => {
    // Workers accept by themselves: what the primary process has handed to one that is killed at that moment would hang.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({
      // A metric can be NaN or infinite, which JSON has no words for.
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    const workers = new Workers(config, logger, embeddedUrl);
    // One alone first: what fails for it would fail for all.
    const { url } = await workers.start();
    await Promise.all(Array.from({ length: config.workers - 1 }, () => workers.start()));
    process.on('SIGUSR2', () => void workers.replaceAll());
    return { url, failed: workers.failed, stop: () => workers.stop() };
  };
}

class Workers {
  /** Resolves with the reason when no worker can be started any more. */
  readonly failed: Promise<string>;
  readonly #fail: (reason: string) => void;
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #databaseUrl: string | undefined;
  readonly #metrics = new WorkerMetrics();
  readonly #running = new Set<Worker>();
  /** Whose end has been asked for. */
  readonly #leaving = new Set<Worker>();
  readonly #snapshotOwn: () => Promise<MetricsSnapshot>;
  #isStopping = false;
  #replacing: Promise<void> | undefined;

  constructor(config: Config, logger: Logger, databaseUrl: string | undefined) {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.failed = promise;
    this.#fail = resolve;
    this.#config = config;
    this.#logger = logger;
    this.#databaseUrl = databaseUrl;
    const { snapshot } = createMetrics({
      pool: () => ({ size: 0, checkedOut: 0, idle: 0, waiting: 0 }),
      spans: () => tracingState.spans,
      droppedLogLines: () => logger.droppedLines,
    });
    this.#snapshotOwn = snapshot;
    process.once('exit', () => {
      for (const worker of this.#running) worker.process.kill('SIGKILL');
    });
  }

  /**
   * Starts a worker, and from then on keeps one in its place. Resolves when it listens.
   *
   * @throws {Error} when it ends before.
   */
  async start(): Promise<{ worker: Worker; url: string }> {
    const worker = cluster.fork(this.#databaseUrl === undefined ? {} : { DATABASE_URL: this.#databaseUrl });
    this.#running.add(worker);
    const { promise: listening, resolve, reject } = Promise.withResolvers<string>();
    // A message to a process that is just ending fails here, and must not end this one.
    worker.on('error', () => {});
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'listening') resolve(message.url);
      else if (message.kind === 'metrics') this.#metrics.report(worker.id, message.snapshot, message.round);
      else void this.#answerCollect(worker, message.id);
    });
    relayLines(worker, this.#logger);
    worker.once('exit', (code, signal) => {
      this.#running.delete(worker);
      reject(new Error(`le processus ${worker.process.pid} a fini (${signal ?? code}) avant de servir`));
    });
    // Its last messages come before this, and can come after its exit.
    worker.once('disconnect', () => this.#metrics.retire(worker.id));
    try {
      const url = await withTimeout(listening, START_TIMEOUT_MS);
      this.#keep(worker);
      return { worker, url };
    } catch (error) {
      worker.process.kill('SIGKILL');
      throw error;
    }
  }

  /** Asks every worker to stop. Resolves with whether all have done so in time. */
  async stop(): Promise<boolean> {
    this.#isStopping = true;
    const results = await Promise.all([...this.#running].map((worker) => this.#stopOne(worker)));
    return results.every((isClean) => isClean);
  }

  /** Replaces every worker, the next one only once its replacement serves. */
  replaceAll(): Promise<void> {
    this.#replacing ??= this.#replaceEach().finally(() => {
      this.#replacing = undefined;
    });
    return this.#replacing;
  }

  async #replaceEach(): Promise<void> {
    const old = [...this.#running];
    this.#logger.info('workers_replacing', { workers: old.length });
    for (const worker of old) {
      if (this.#isStopping) return;
      // It has ended of itself meanwhile, and another one has its place.
      if (!this.#running.has(worker)) continue;
      try {
        await this.start();
      } catch (error) {
        this.#logger.error('workers_not_replaced', { error });
        return;
      }
      await this.#stopOne(worker);
    }
    this.#logger.info('workers_replaced', { workers: old.length });
  }

  /** Has another one take its place when a worker ends of itself. */
  #keep(worker: Worker): void {
    const startedAt = performance.now();
    worker.once('exit', (code, signal) => {
      if (this.#isStopping || this.#leaving.has(worker)) return;
      const isAsked = code === 0;
      const fields = { pid: worker.process.pid ?? 0, reason: String(signal ?? code) };
      this.#logger.log(isAsked ? 'INFO' : 'ERROR', 'worker_exited', fields);
      const isShortLived = performance.now() - startedAt < SHORT_LIFE_MS;
      void this.#fillPlace(isShortLived ? SHORT_LIFE_MS : 0);
    });
  }

  async #fillPlace(pauseMs: number): Promise<void> {
    await sleep(pauseMs);
    for (let failedStarts = 0; !this.#isStopping; ) {
      try {
        await this.start();
        return;
      } catch (error) {
        failedStarts += 1;
        if (failedStarts === FAILED_STARTS_MAX) this.#fail(error instanceof Error ? error.message : String(error));
        await sleep(Math.min(PAUSE_MIN_MS * 2 ** failedStarts, PAUSE_MAX_MS));
      }
    }
  }

  async #stopOne(worker: Worker): Promise<boolean> {
    const { shutdownDelayMs, shutdownTimeoutMs } = this.#config;
    this.#leaving.add(worker);
    // Once its last lines have been read too.
    const closed = once(worker.process, 'close');
    tell(worker, { kind: 'stop' });
    try {
      const [code] = await withTimeout(
        closed,
        shutdownDelayMs + shutdownTimeoutMs + SERVER_STOP_STEPS_MAX_MS + STOP_MARGIN_MS,
      );
      return code === 0;
    } catch {
      worker.process.kill('SIGKILL');
      return false;
    } finally {
      this.#leaving.delete(worker);
    }
  }

  async #answerCollect(worker: Worker, id: number): Promise<void> {
    const snapshot = await this.#metrics.collect(this.#running, await this.#snapshotOwn());
    tell(worker, { kind: 'collected', id, snapshot });
  }
}

/** Hands a worker's log on in whole lines: those of several processes would get mixed up in one pipe. */
function relayLines({ process: { stdout } }: Worker, logger: Logger): void {
  let rest = '';
  stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const end = chunk.lastIndexOf('\n') + 1;
    if (end > 0) logger.relay(rest + chunk.slice(0, end));
    rest = end > 0 ? chunk.slice(end) : rest + chunk;
  });
}
