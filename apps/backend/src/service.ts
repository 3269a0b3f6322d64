import type { Logger } from '@products/telemetry';
import type { Config } from './config.js';
import { prepareDatabase, type ServiceDatabase } from './database.js';
import { startServer } from './server.js';
import { withTimeout } from './with-timeout.js';

/** A checkpoint that hangs must not hold up the stop for ever. */
const DATABASE_TIMEOUT_MS = 20_000;

/** The running service, in one process or several. */
export interface Service {
  /** Resolves with the reason when the service cannot go on. */
  readonly failed: Promise<string>;
  /** Stops in order, the embedded database last. Resolves with whether all of it was in time. */
  stop(): Promise<boolean>;
}

/** What answers the requests: the server of this process, or those of its workers. */
export interface Serving extends Service {
  /** `http://0.0.0.0:5000` */
  readonly url: string;
}

/**
 * Brings the service up: database, then HTTP.
 *
 * @param serve starts what answers the requests
 * @throws {SchemaError} when the configured database lacks the table.
 */
export async function startService(
  config: Config,
  logger: Logger,
  serve: (database: ServiceDatabase) => Promise<Serving>,
): Promise<Service> {
  const database = await prepareDatabase(config, logger);
  try {
    const serving = await serve(database);
    logger.info('service_started', {
      url: serving.url,
      log_level: config.logLevel,
      database: database.connection.description,
    });
    return {
      failed: Promise.race([database.failed, serving.failed]),
      stop: async () => {
        const isClean = await serving.stop();
        try {
          await withTimeout(database.stop(), DATABASE_TIMEOUT_MS);
          return isClean;
        } catch (error) {
          logger.warning('stop_incomplete', { step: 'PostgreSQL embarqué', error });
          return false;
        }
      },
    };
  } catch (error) {
    await database.stop();
    throw error;
  }
}

/** Serves from this process alone. */
export function serveAlone(config: Config, logger: Logger): (database: ServiceDatabase) => Promise<Serving> {
  return async ({ connection }) => {
    const server = await startServer(config, connection, logger);
    return { url: server.url, failed: new Promise(() => {}), stop: () => server.stop() };
  };
}
