import {
  assertSchema,
  type ConnectionConfig,
  initDatabase,
  parseDatabaseUrl,
  SchemaError,
  type ServerSettings,
} from '@products/db';
import { locateEmbeddedFolder, startEmbeddedDatabase } from '@products/db/embedded';
import type { Logger } from '@products/telemetry';
import type { Config } from './config.js';
import { never, type Running, runStopStep } from './running.js';

/** A checkpoint that hangs must not hold up the stop for ever. */
const STOP_TIMEOUT_MS = 20_000;

/** The database of the service, configured or embedded; only the embedded one can fail, and is stopped. */
export interface RunningDatabase extends Running {
  readonly connection: ConnectionConfig;
  /** For the worker processes; holds the embedded server's password. */
  readonly embeddedUrl: string | undefined;
  /** Longest part of the service's stop that is the database's. */
  readonly stopTimeoutMs: number;
}

/**
 * Makes the database ready: the embedded one is started, migrated and seeded; a configured one is only inspected.
 *
 * @throws {SchemaError} when the configured database lacks the table.
 */
export async function prepareDatabase(config: Config, logger: Logger): Promise<RunningDatabase> {
  const { database, replica } = config;
  if (database === undefined) return startEmbedded(logger);
  await Promise.all([inspect(database, config, logger), replica && inspectReplica(replica, config, logger)]);
  return { connection: database, embeddedUrl: undefined, stopTimeoutMs: 0, failed: never, stop: async () => true };
}

async function startEmbedded(logger: Logger): Promise<RunningDatabase> {
  const folder = locateEmbeddedFolder();
  if (folder === undefined) {
    throw new Error(
      'DATABASE_URL est obligatoire hors d’une copie de travail du dépôt : elle seule a une base embarquée.',
    );
  }
  const embedded = await startEmbeddedDatabase({ folder });
  logger.info('embedded_database_started', { port: embedded.port, psql: embedded.psqlCommand });
  try {
    const connection = parseDatabaseUrl(embedded.url);
    await initDatabase(connection);
    return {
      connection,
      embeddedUrl: embedded.url,
      stopTimeoutMs: STOP_TIMEOUT_MS,
      failed: embedded.died.then(() => 'PostgreSQL embarqué s’est arrêté'),
      stop: () =>
        runStopStep(logger, { name: 'PostgreSQL embarqué', timeoutMs: STOP_TIMEOUT_MS, run: () => embedded.stop() }),
    };
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

/** A database that does not answer yet does not prevent the start: the service is not ready until it does. */
async function inspect(connection: ConnectionConfig, config: Config, logger: Logger): Promise<void> {
  try {
    reportSettings(await assertSchema(connection), config, logger);
  } catch (error) {
    if (error instanceof SchemaError) throw error;
    logger.warning('database_unreachable', { database: connection.description, error });
  }
}

/** A replica without the table does not prevent the start: the primary takes the reads. */
async function inspectReplica(connection: ConnectionConfig, config: Config, logger: Logger): Promise<void> {
  try {
    await inspect(connection, config, logger);
  } catch (error) {
    logger.warning('database_unreachable', { database: connection.description, error });
  }
}

function reportSettings(settings: ServerSettings, { pool, workers }: Config, logger: Logger): void {
  const { unindexedColumns } = settings;
  if (unindexedColumns.length > 0) logger.warning('list_indexes_absent', { columns: unindexedColumns.join(', ') });
  if (!pool.preparedStatements) {
    // Behind a pooler the service cannot set the server's time-out itself.
    const { statementTimeoutMs } = settings;
    if (statementTimeoutMs === 0 || statementTimeoutMs >= pool.queryTimeoutMs) {
      logger.warning('statement_timeout_absent', { timeout_seconds: pool.queryTimeoutMs / 1_000 });
    }
    return;
  }
  // Each process has one connection more, for its checks.
  const perProcess =
    pool.size === 0 || pool.maxOverflow < 0 ? Number.POSITIVE_INFINITY : pool.size + pool.maxOverflow + 1;
  const connections = workers * perProcess;
  if (connections > settings.connectionsMax) {
    logger.warning('connections_exceed_limit', { connections: String(connections), limit: settings.connectionsMax });
  }
}
