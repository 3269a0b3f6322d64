// The only file of the service that reads the environment, handles signals and ends the process.
import { createLogger, type Logger } from '@products/telemetry';
import { type Config, readConfig } from './config.js';
import { startService } from './service.js';

/** One Ctrl-C can arrive as SIGINT and, passed on, as SIGTERM: only a later signal is a second one. */
const SECOND_SIGNAL_AFTER_MS = 1_000;

/** How long the reader of stdout may take for the last lines. */
const LOG_TIMEOUT_MS = 1_000;

const config = await readConfigOrExit();
const logger = createLogger(config.logLevel);

process.on('uncaughtException', (error) => {
  logger.error('Erreur non interceptée : arrêt immédiat', { error });
  void exit(1, logger);
});
const signaled = waitForSignal();

try {
  const service = await startService(config, logger);
  const reason = await Promise.race([signaled, service.failed.then((failure) => new Error(failure))]);
  if (reason instanceof Error) logger.error(`Arrêt du service : ${reason.message}`);
  else logger.info(`Arrêt du service : ${reason}`, { signal: reason });
  const isClean = await service.stop();
  logger.info('Service arrêté');
  await exit(isClean && !(reason instanceof Error) ? 0 : 1, logger);
} catch (error) {
  logger.error(`Démarrage impossible : ${error instanceof Error ? error.message : String(error)}`, { error });
  await exit(1, logger);
}

async function readConfigOrExit(): Promise<Config> {
  try {
    // biome-ignore lint/style/noProcessEnv: this file is the edge of the service.
    return readConfig(process.env);
  } catch (error) {
    const early = createLogger('INFO');
    early.error(error instanceof Error ? error.message : String(error));
    return exit(1, early);
  }
}

/** Resolves with the first signal to stop; a later one ends the process at once. */
function waitForSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let firstAt: number | undefined;
  const receive = (signal: NodeJS.Signals) => {
    if (firstAt !== undefined && Date.now() - firstAt > SECOND_SIGNAL_AFTER_MS) {
      logger.warning(`Arrêt immédiat : second signal ${signal}`, { signal });
      void exit(1, logger);
    }
    firstAt ??= Date.now();
    resolve(signal);
  };
  // SIGHUP: the terminal was closed.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, receive);
  return promise;
}

/** Ends the process once the log is written, or without, when nobody reads it. */
async function exit(code: number, log: Logger): Promise<never> {
  if (await log.end(LOG_TIMEOUT_MS)) process.exit(code);
  // A write that a stalled reader of stdout holds up would hold up process.exit() for good.
  process.emit('exit', code);
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
}
