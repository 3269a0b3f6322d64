// The only file that reads the environment, handles signals and ends the process.
import { createLogger, type Logger } from '@products/telemetry';
import { type Config, readConfig } from './config.js';
import { startService } from './service.js';

/** One Ctrl-C can arrive as SIGINT and, passed on, as SIGTERM: only a later signal is a second one. */
const SECOND_SIGNAL_AFTER_MS = 1_000;

const config = readConfigOrExit();
const logger = createLogger(config.logLevel);

process.on('uncaughtException', (error) => {
  logger.error('Erreur non interceptée : arrêt immédiat', { error });
  exit(1, logger);
});
const signaled = waitForSignal();

try {
  const service = await startService(config, logger);
  const reason = await Promise.race([signaled, service.failed.then((failure) => new Error(failure))]);
  if (reason instanceof Error) logger.error(`Arrêt du service : ${reason.message}`);
  else logger.info(`Arrêt du service : ${reason}`, { signal: reason });
  const isClean = await service.stop();
  logger.info('Service arrêté');
  exit(isClean && !(reason instanceof Error) ? 0 : 1, logger);
} catch (error) {
  logger.error(`Démarrage impossible : ${error instanceof Error ? error.message : String(error)}`, { error });
  exit(1, logger);
}

function readConfigOrExit(): Config {
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
      exit(1, logger);
    }
    firstAt ??= Date.now();
    resolve(signal);
  };
  process.on('SIGTERM', receive);
  process.on('SIGINT', receive);
  return promise;
}

function exit(code: number, log: Logger): never {
  log.flush();
  process.exit(code);
}
