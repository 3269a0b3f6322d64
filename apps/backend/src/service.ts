// The service of this process. The only file that reads the environment, handles signals and ends the process.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { createLogger, type LineExport, type Logger, startLineExport, tracingState } from '@products/telemetry';
import { type Config, readConfig } from './config.js';
import { prepareDatabase, type RunningDatabase } from './database.js';
import type { RunningServer } from './running.js';
import { withTimeout } from './with-timeout.js';
import { startWorkers } from './workers/primary.js';

/** One Ctrl-C can arrive as SIGINT and, through npm, as SIGTERM: only a later signal is a second one. */
const SECOND_SIGNAL_AFTER_MS = 1_000;

/** Longest export of the last spans of a process that crashes. */
const CRASH_EXPORT_TIMEOUT_MS = 500;

/** Longest stop beyond the configured time-outs, of the last lines too. */
const STOP_MARGIN_MS = 3_000;

/** Shortest wait for stdout to take the last lines; they have whatever is left of `SHUTDOWN_TIMEOUT`. */
const LOG_TIMEOUT_MIN_MS = 1_000;

const STDIN = 0;
const STDERR = 2;

/** On the clock of `performance.now()`: until then, the last lines may take their time. */
let logDeadline = 0;
let isCrashing = false;
let lineExport: LineExport | undefined;

const config = await readConfigOrExit();
lineExport = await startLineExport(config.signals, (reason) => logger.warning('lines_not_exported', { reason }));
const logger = createLogger(config.logLevel, undefined, lineExport);
/** Longest stop of the server, by the configuration. */
const stopTimeoutMs = config.shutdownDelayMs + config.shutdownTimeoutMs;

process.on('uncaughtException', (error) => {
  // A failure of this handler must not be handled by it again.
  if (isCrashing) endAtOnce(error);
  isCrashing = true;
  crash(error).catch(endAtOnce);
});

try {
  const isClean = await (cluster.isWorker ? runWorker() : runService());
  await exit(isClean ? 0 : 1, logger);
} catch (error) {
  logger.error('start_failed', { reason: error instanceof Error ? error.message : String(error), error });
  await exit(1, logger);
}

/** Runs the service, database first, until a signal or a failure. Resolves with whether it stopped in order. */
async function runService(): Promise<boolean> {
  const signaled = waitForSignal();
  const database = await prepareDatabase(config, logger);
  let server: RunningServer;
  try {
    server = await (config.workers === 1
      ? serveAlone(database.connection)
      : startWorkers(config, logger, database.embeddedUrl));
  } catch (error) {
    await database.stop();
    throw error;
  }
  const { url } = server;
  for (const { variable, reason } of config.unusedVariables) logger.warning('variable_unused', { variable, reason });
  logger.info('service_started', { url, log_level: config.logLevel, database: database.connection.description });

  const failed = Promise.race([database.failed, server.failed]);
  const reason = await Promise.race([signaled, failed.then((failure) => new Error(failure))]);
  forceStopAfter(stopTimeoutMs + database.stopTimeoutMs);
  logDeadline = performance.now() + stopTimeoutMs;
  if (reason instanceof Error) logger.error('service_failed', { reason: reason.message });
  else logger.info('service_stopping', { signal: reason });
  const isClean = [await server.stop(), await database.stop()].every((isInTime) => isInTime);
  logger.info('service_stopped');
  return isClean && !(reason instanceof Error);
}

/** Serves in this process. A primary process does not load what it does not use: 6 MB. */
async function serveAlone(connection: RunningDatabase['connection']): Promise<RunningServer> {
  const { startServer } = await import('./server.js');
  return startServer(config, connection, logger);
}

/** Runs one of the worker processes. Ctrl-C reaches them all, and the primary process alone acts on it. */
async function runWorker(): Promise<boolean> {
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  const terminated = once(process, 'SIGTERM');
  const { startWorker } = await import('./workers/worker.js');
  const worker = await startWorker(config, logger);
  await Promise.race([terminated, worker.stopRequested]);
  logDeadline = performance.now() + stopTimeoutMs;
  const isClean = await worker.stop();
  logger.info('worker_stopped', { pid: process.pid });
  return isClean;
}

/** Whatever hangs, the process is gone in the end. */
function forceStopAfter(timeoutMs: number): void {
  const force = () => {
    logger.warning('stop_incomplete', { step: 'arrêt du service', error: new Error('délai dépassé') });
    void exit(1, logger);
  };
  setTimeout(force, timeoutMs + STOP_MARGIN_MS).unref();
}

async function readConfigOrExit(): Promise<Config> {
  try {
    // biome-ignore lint/style/noProcessEnv: this file is the edge of the service.
    return readConfig(process.env);
  } catch (error) {
    const early = createLogger('INFO');
    early.error('configuration_invalid', { reason: error instanceof Error ? error.message : String(error) });
    return exit(1, early);
  }
}

/** Resolves with the first signal to stop; a second one ends the process at once. */
function waitForSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let firstAt: number | undefined;
  const receive = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (firstAt !== undefined && now - firstAt > SECOND_SIGNAL_AFTER_MS) {
      logger.warning('stop_forced', { signal });
      void exit(1, logger);
    }
    firstAt ??= now;
    resolve(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, receive);
  // The terminal was closed; elsewhere it asks for a reload, as of gunicorn, which the workers' primary process does.
  process.on('SIGHUP', isatty(STDIN) ? receive : () => {});
  return promise;
}

/** Reports an error that nothing has handled, sends the last spans and lines, and ends the process. */
async function crash(error: unknown): Promise<never> {
  logger.error('uncaught_error', { error });
  await withTimeout(Promise.resolve(tracingState.shutdown?.()), CRASH_EXPORT_TIMEOUT_MS).catch(() => {});
  return exit(1, logger);
}

/** For a process that cannot even end in order: a line on stderr, and no more. */
function endAtOnce(error: unknown): never {
  writeSync(STDERR, `Arrêt immédiat : ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
}

/** Ends the process once the log is written, or after a time-out when stdout does not take it. */
async function exit(code: number, log: Logger): Promise<never> {
  const timeoutMs = Math.max(LOG_TIMEOUT_MIN_MS, logDeadline - performance.now());
  const [isWritten, unsentLines = 0] = await Promise.all([log.end(timeoutMs), lineExport?.shutdown(timeoutMs)]);
  if (unsentLines > 0) writeSync(STDERR, `${unsentLines} lignes de journal n’ont pas été exportées.\n`);
  if (log.waitingLines > 0) writeSync(STDERR, `${log.waitingLines} lignes de journal n’ont pas été écrites.\n`);
  if (isWritten) process.exit(code);
  // process.exit() would wait for ever for a write that a stalled reader of stdout holds up.
  process.emit('exit', code);
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
}
