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

/** The database that the service uses, configured or embedded. */
export interface ServiceDatabase {
  readonly connection: ConnectionConfig;
  /** Of the embedded one, for the processes that share it; holds its password. */
  readonly embeddedUrl: string | undefined;
  /** Resolves with the reason when it is gone for good, which only the embedded one can be. */
  readonly failed: Promise<string>;
  /** Stops the embedded one. */
  stop(): Promise<void>;
}

/**
 * Makes the database ready: the embedded one is started, migrated and seeded, a configured one only looked at.
 *
 * @throws {SchemaError} when the configured database lacks the table.
 */
export async function prepareDatabase(config: Config, logger: Logger): Promise<ServiceDatabase> {
  const { database, replica } = config;
  if (database === undefined) return startEmbedded(logger);
  await Promise.all([inspect(database, config, logger), replica && inspectReplica(replica, config, logger)]);
  return { connection: database, embeddedUrl: undefined, failed: new Promise(() => {}), stop: async () => {} };
}

async function startEmbedded(logger: Logger): Promise<ServiceDatabase> {
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
      failed: embedded.died.then(() => 'PostgreSQL embarqué s’est arrêté'),
      stop: () => embedded.stop(),
    };
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

/** A database that cannot be asked yet does not prevent the start: the service is not ready until it answers. */
async function inspect(connection: ConnectionConfig, config: Config, logger: Logger): Promise<void> {
  try {
    reportSettings(await assertSchema(connection), config, logger);
  } catch (error) {
    if (error instanceof SchemaError) throw error;
    logger.warning('database_unreachable', { database: connection.description, error });
  }
}

/** Reads do without a replica as long as it has no table. */
async function inspectReplica(connection: ConnectionConfig, config: Config, logger: Logger): Promise<void> {
  try {
    await inspect(connection, config, logger);
  } catch (error) {
    logger.warning('database_unreachable', { database: connection.description, error });
  }
}

function reportSettings(settings: ServerSettings, { pool, workers }: Config, logger: Logger): void {
  if (!pool.preparedStatements) {
    // Behind a pooler, whose connections are not the server's, the service can set no time-out by itself.
    const { statementTimeoutMs } = settings;
    if (statementTimeoutMs === 0 || statementTimeoutMs >= pool.queryTimeoutMs) {
      logger.warning('statement_timeout_absent', { timeout_seconds: pool.queryTimeoutMs / 1_000 });
    }
    return;
  }
  // Each process has one more, for its checks.
  const perProcess =
    pool.size === 0 || pool.maxOverflow < 0 ? Number.POSITIVE_INFINITY : pool.size + pool.maxOverflow + 1;
  const connections = workers * perProcess;
  if (connections > settings.connectionsMax) {
    logger.warning('connections_exceed_limit', { connections: String(connections), limit: settings.connectionsMax });
  }
}
