import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import {
  createMetrics,
  type Logger,
  logRecordCounts,
  type MetricsSnapshot,
  startMetricsExport,
  tracingState,
  version,
} from '@products/telemetry';
import type { Config } from '../config.js';
import type { RunningServer } from '../running.js';
import { SERVER_STOP_STEPS_MAX_MS } from '../shutdown.js';
import { withTimeout } from '../with-timeout.js';
import { tell, type WorkerMessage } from './messages.js';
import { WorkerMetrics } from './worker-metrics.js';

/** How long a worker may take to listen. */
const START_TIMEOUT_MS = 30_000;

/** Failed starts in a row after which the service stops; the pause between them doubles. */
const FAILED_STARTS_MAX = 5;
const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 5_000;

/** A worker that exits sooner than this is respawned after a pause. */
const SHORT_LIFE_MS = 500;

/**
 * Of each worker, in MB: V8 sizes it for one process with all the machine's memory. With four workers that is a third of
 * their memory under load, for no measurable gain; 4 MB cost a fifth more CPU.
 */
const SEMI_SPACE_MB = 8;

const STDIN = 0;

/** How long a worker may outlast its own deadlines. */
const STOP_MARGIN_MS = 2_000;

/**
 * Serves with several worker processes that share the port. One that exits is respawned; at SIGUSR2 or SIGHUP all are
 * replaced, one after the other and without losing a request.
 *
 * @param databaseUrl of the embedded database; holds its password
 * @throws {Error} when the first worker does not start; it has logged why.
 */
export async function startWorkers(
  config: Config,
  logger: Logger,
  databaseUrl: string | undefined,
): Promise<RunningServer> {
  // Workers accept by themselves: a connection that the primary process handed to a worker just killed would hang.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    // JSON cannot hold a metric that is NaN or infinite.
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    execArgv: [...youngGeneration(), ...process.execArgv],
  });
  const workers = new Workers(config, logger, databaseUrl);
  // One alone first: a failure of its start would be a failure of all.
  const { url } = await workers.start();
  await Promise.all(Array.from({ length: config.workers - 1 }, () => workers.start()));
  const metricsExport = await startMetricsExport(
    config.signals,
    () => workers.collectMetrics(),
    (reason) => logger.warning('metrics_not_exported', { reason }),
  );
  process.on('SIGUSR2', () => void workers.replaceAll());
  // As gunicorn's reload; of a terminal it is the end.
  if (!isatty(STDIN)) process.on('SIGHUP', () => void workers.replaceAll());
  const stop = async () => {
    const isClean = await workers.stop();
    // By now the workers have reported a last time.
    await metricsExport?.shutdown();
    return isClean;
  };
  return { url, failed: workers.failed, stop };
}

/** The operator's own choice wins. */
function youngGeneration(): string[] {
  const option = '--max-semi-space-size';
  // biome-ignore lint/style/noProcessEnv: Node.js's variable, not the service's.
  const given = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''];
  return given.some((each) => each.includes(option)) ? [] : [`${option}=${SEMI_SPACE_MB}`];
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
  /** Workers that were told to stop. */
  readonly #leaving = new Set<Worker>();
  readonly #snapshotOwn: () => Promise<MetricsSnapshot>;
  #isStopping = false;
  #replacing: Promise<void> | undefined;
  /** Concurrent scrapes share one collection. */
  #collecting: Promise<MetricsSnapshot> | undefined;

  constructor(config: Config, logger: Logger, databaseUrl: string | undefined) {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.failed = promise;
    this.#fail = resolve;
    this.#config = config;
    this.#logger = logger;
    this.#databaseUrl = databaseUrl;
    const { snapshot } = createMetrics({
      pool: () => ({ size: 0, checked_out: 0, idle: 0, waiting: 0 }),
      spans: () => tracingState.spans,
      logRecords: () => logRecordCounts,
      droppedLogLines: () => logger.droppedLines,
      build: { version, revision: config.revision, node: process.versions.node },
      tracing: tracingState.status,
    });
    this.#snapshotOwn = snapshot;
    process.once('exit', () => {
      for (const worker of this.#running) worker.process.kill('SIGKILL');
    });
  }

  /**
   * Starts a worker that is respawned when it exits. Resolves when it listens.
   *
   * @throws {Error} when it exits before.
   */
  async start(): Promise<{ worker: Worker; url: string }> {
    const worker = cluster.fork(this.#databaseUrl === undefined ? {} : { DATABASE_URL: this.#databaseUrl });
    this.#running.add(worker);
    const { promise: listening, resolve, reject } = Promise.withResolvers<string>();
    // A message to an exiting worker fails here, and must not end this process.
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
    // Its last messages can arrive after its exit, but not after this.
    worker.once('disconnect', () => this.#metrics.forget(worker.id));
    try {
      const url = await withTimeout(listening, START_TIMEOUT_MS);
      this.#respawnOnExit(worker);
      return { worker, url };
    } catch (error) {
      worker.process.kill('SIGKILL');
      throw error;
    }
  }

  /** Tells every worker to stop. Resolves with whether all did in time. */
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
      // Exited meanwhile and already respawned.
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

  #respawnOnExit(worker: Worker): void {
    const startedAt = performance.now();
    worker.once('exit', (code, signal) => {
      if (this.#isStopping || this.#leaving.has(worker)) return;
      const isAsked = code === 0;
      const fields = { pid: worker.process.pid ?? 0, reason: String(signal ?? code) };
      this.#logger.log(isAsked ? 'INFO' : 'ERROR', 'worker_exited', fields);
      const isShortLived = performance.now() - startedAt < SHORT_LIFE_MS;
      void this.#respawn(isShortLived ? SHORT_LIFE_MS : 0);
    });
  }

  async #respawn(pauseMs: number): Promise<void> {
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
    // 'close' comes after its last lines have been read, 'exit' may come before.
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
    tell(worker, { kind: 'collected', id, snapshot: await this.collectMetrics() });
  }

  /** The metrics of all processes at this moment. */
  collectMetrics(): Promise<MetricsSnapshot> {
    this.#collecting ??= this.#collect().finally(() => {
      this.#collecting = undefined;
    });
    return this.#collecting;
  }

  async #collect(): Promise<MetricsSnapshot> {
    return this.#metrics.collect(this.#running, await this.#snapshotOwn());
  }
}

/** Relays a worker's log in whole lines: those of several processes would mix in one pipe. */
function relayLines({ process: { stdout } }: Worker, logger: Logger): void {
  let rest = '';
  stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const end = chunk.lastIndexOf('\n') + 1;
    if (end > 0) logger.relay(rest + chunk.slice(0, end));
    rest = end > 0 ? chunk.slice(end) : rest + chunk;
  });
}
