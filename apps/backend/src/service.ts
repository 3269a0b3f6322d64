import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { assertSchema, type ConnectionConfig, initDatabase, parseDatabaseUrl, SchemaError } from '@products/db';
import { type EmbeddedDatabase, locateEmbeddedFolder, startEmbeddedDatabase } from '@products/db/embedded';
import { type Logger, tracingState } from '@products/telemetry';
import { createApp } from './app.js';
import type { Config } from './config.js';
import { createDependencies } from './dependencies.js';
import { withOriginForm } from './http/request-target.js';
import { shutDown } from './shutdown.js';

/** Above the idle time-outs of usual load balancers, so that it is they who close a connection nobody uses. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const HEADERS_TIMEOUT_MAX_MS = 60_000;
/** How long the steps of the stop may take: a receiver of traces that hangs, connections that hang, a last checkpoint. */
const TRACES_TIMEOUT_MS = 2_000;
const CLOSE_TIMEOUT_MS = 1_000;
const EMBEDDED_TIMEOUT_MS = 20_000;
/** How late a request that takes too long may be found out. */
const CONNECTIONS_CHECKED_EVERY_MAX_MS = 5_000;

/** The running service. */
export interface Service {
  /** Where it listens: `http://0.0.0.0:5000`. */
  readonly url: string;
  /** Resolves with the reason when the service cannot go on. */
  readonly failed: Promise<string>;
  /** Stops in order, the embedded database last. Resolves with whether all of it was in time. */
  stop(): Promise<boolean>;
}

/**
 * Brings the service up: database, HTTP, in this order.
 *
 * @throws {SchemaError} when the configured database lacks the table.
 */
export async function startService(config: Config, logger: Logger): Promise<Service> {
  reportTracing(logger);
  if (config.workers > 1) logger.warning(`WEB_CONCURRENCY=${config.workers} : un seul processus est lancé`);
  const embedded = config.database === undefined ? await startEmbedded(logger) : undefined;
  try {
    const connection = embedded === undefined ? config.database : parseDatabaseUrl(embedded.url);
    if (connection === undefined) throw new Error('neither a configured nor an embedded database');
    if (embedded !== undefined) await initDatabase(connection);
    else await checkSchema(connection, logger);
    const dependencies = createDependencies(config, connection, logger);
    const server = await listen(config, createServer(serverOptions(config), withOriginForm(createApp(dependencies))));
    const url = urlOf(server, config.host);
    logger.info('Service démarré', { url, log_level: config.logLevel, database: connection.description });
    return {
      url,
      failed: embedded?.died.then(() => 'PostgreSQL embarqué s’est arrêté') ?? new Promise(() => {}),
      stop: () =>
        shutDown({
          logger,
          server,
          lifecycle: dependencies.lifecycle,
          delayMs: config.shutdownDelayMs,
          timeoutMs: config.shutdownTimeoutMs,
          steps: [
            { name: 'export des traces', timeoutMs: TRACES_TIMEOUT_MS, run: async () => tracingState.shutdown?.() },
            { name: 'connexions à la base', timeoutMs: CLOSE_TIMEOUT_MS, run: () => dependencies.closeDatabase() },
            { name: 'PostgreSQL embarqué', timeoutMs: EMBEDDED_TIMEOUT_MS, run: async () => embedded?.stop() },
          ],
        }),
    };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

async function startEmbedded(logger: Logger): Promise<EmbeddedDatabase> {
  const folder = locateEmbeddedFolder();
  if (folder === undefined) {
    throw new Error(
      'DATABASE_URL est obligatoire hors d’une copie de travail du dépôt : elle seule a une base embarquée.',
    );
  }
  const embedded = await startEmbeddedDatabase({ folder });
  logger.info('PostgreSQL embarqué démarré', { port: embedded.port, psql: embedded.psqlCommand });
  return embedded;
}

/** A database that cannot be asked yet does not prevent the start: the service is not ready until it answers. */
async function checkSchema(connection: ConnectionConfig, logger: Logger): Promise<void> {
  try {
    await assertSchema(connection);
  } catch (error) {
    if (error instanceof SchemaError) throw error;
    logger.warning(`Base de données injoignable au démarrage : ${connection.description}`, { error });
  }
}

/** A service without traces works, and must not look as if it had them. */
function reportTracing(logger: Logger): void {
  const { status, failure } = tracingState;
  tracingState.onLoss = (problem) => logger.warning('Spans perdus', { problem });
  if (status === 'failed') logger.error('Traces inactives : l’instrumentation n’a pas pu démarrer', { error: failure });
  if (status === 'absent') {
    logger.error('Traces inactives : démarrez avec node --import @products/telemetry/register');
  }
  if (status === 'disabled') logger.info('Traces inactives : OTEL_SDK_DISABLED');
}

function serverOptions({ requestTimeoutMs }: Config) {
  return {
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(requestTimeoutMs, HEADERS_TIMEOUT_MAX_MS),
    connectionsCheckingInterval: Math.min(requestTimeoutMs / 2, CONNECTIONS_CHECKED_EVERY_MAX_MS),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  };
}

async function listen({ host, port }: Config, server: Server): Promise<Server> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return server;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const reason = code === 'EADDRINUSE' ? 'le port est déjà pris, choisissez-en un autre avec PORT' : String(code);
    throw new Error(`Impossible d’écouter sur ${host}:${port} : ${reason}`, { cause: error });
  }
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address with a port');
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}
