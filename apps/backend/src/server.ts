import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ConnectionConfig, createDatabase, sumPoolStats } from '@products/db';
import {
  createMetrics,
  type Logger,
  logRecordCounts,
  type MetricsSnapshot,
  startMetricsExport,
  tracingState,
  version,
} from '@products/telemetry';
import type { Config } from './config.js';
import { limitConnections } from './connection-limit.js';
import { createApp } from './http/app.js';
import { answerClientError, refuseInterrupted } from './http/client-error.js';
import { createDescribeTrace, createSendError } from './http/errors.js';
import { closeSoon, Lifecycle } from './lifecycle.js';
import { never, type RunningServer } from './running.js';
import { createPorts } from './services/ports.js';
import { CLOSE_TIMEOUT_MS, EXPORT_TIMEOUT_MS, shutDown } from './shutdown.js';

/** Above the idle time-outs of usual load balancers, so that it is they that close an idle connection. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const HEADERS_TIMEOUT_MAX_MS = 60_000;
/** Connections that may wait to be accepted, Linux's own limit: beyond Node.js's 511, a SYN is sent again seconds later. */
const BACKLOG = 4_096;
/** How late a time-out of a request may be noticed. */
const CONNECTIONS_CHECKED_EVERY_MAX_MS = 5_000;

/** The HTTP server of one process. */
export interface ProcessServer extends RunningServer {
  /** The metrics of this process. */
  snapshotMetrics(): Promise<MetricsSnapshot>;
}

/**
 * Wires the service of this process together and starts to listen.
 *
 * @param collectMetrics the metrics that `/metrics` shows, where those are not this process's alone
 * @throws {Error} when the port cannot be had.
 */
export async function startServer(
  config: Config,
  connection: ConnectionConfig,
  logger: Logger,
  collectMetrics?: () => Promise<MetricsSnapshot>,
): Promise<ProcessServer> {
  reportTracing(logger);
  const database = createDatabase(connection, config.pool);
  const replica = config.replica && createDatabase(config.replica, config.pool);
  const databases = replica === undefined ? [database] : [database, replica];
  const metrics = createMetrics({
    pool: () => sumPoolStats(databases.map(({ stats }) => stats())),
    spans: () => tracingState.spans,
    logRecords: () => logRecordCounts,
    droppedLogLines: () => logger.droppedLines,
    build: { version, revision: config.revision, node: process.versions.node },
    tracing: tracingState.status,
  });
  const lifecycle = new Lifecycle();
  const describeTrace = createDescribeTrace(config.traceUrl);
  const sendError = createSendError(describeTrace);
  const { answer, messageClasses } = createApp({
    ports: createPorts({
      database,
      replica,
      metrics,
      logger,
      diagnostics: config.hasDiagnostics
        ? { slowDelayMs: config.slowDelayMs, slowMax: Math.ceil(config.requestsMax / 2) }
        : undefined,
      describeTrace,
    }),
    logger,
    metrics,
    lifecycle,
    corsOrigins: config.corsOrigins,
    publicUrl: config.publicUrl,
    traceUrl: config.traceUrl,
    revision: config.revision,
    sendError,
    requestsMax: config.requestsMax,
    isPoolFullFor: (caller, expected) => databases.every(({ isFullFor }) => isFullFor(caller, expected)),
    monitoring: {
      collectMetrics: collectMetrics ?? metrics.snapshot,
      isDatabaseReachable: () => database.isReachable(),
      isDraining: () => lifecycle.isDraining,
    },
  });

  const server = createServer({ ...serverOptions(config), ...messageClasses }, answer);
  server.on('connection', (socket) => lifecycle.trackConnection(socket));
  server.on('clientError', answerClientError(lifecycle, sendError));
  server.setTimeout(config.writeTimeoutMs, (socket) => lifecycle.closeStalled(socket));
  // An unknown expectation may be ignored (RFC 9110, 10.1.1); Node.js would answer 417.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('connect', (request, socket) => answerConnect(server, new messageClasses.ServerResponse(request), socket));
  limitConnections(server, lifecycle, logger, databases.length * (config.pool.size + config.pool.maxOverflow));
  await listen(config, server);
  // A worker's are part of what the primary process sends.
  const metricsExport =
    collectMetrics === undefined
      ? await startMetricsExport(config.signals, metrics.snapshot, (reason) =>
          logger.warning('metrics_not_exported', { reason }),
        )
      : undefined;
  return {
    url: urlOf(server, config.host),
    failed: never,
    snapshotMetrics: metrics.snapshot,
    stop: () =>
      shutDown({
        logger,
        server,
        lifecycle,
        delayMs: config.shutdownDelayMs,
        timeoutMs: config.shutdownTimeoutMs,
        interrupt: (response) => refuseInterrupted(sendError, response),
        steps: [
          {
            name: 'export des traces et des métriques',
            timeoutMs: EXPORT_TIMEOUT_MS,
            run: () => Promise.all([tracingState.shutdown?.(), metricsExport?.shutdown()]),
          },
          {
            name: 'connexions à la base',
            timeoutMs: CLOSE_TIMEOUT_MS,
            run: () => Promise.all(databases.map(({ close }) => close())),
          },
        ],
      }),
  };
}

/** A service without traces works, but its log must say so. */
function reportTracing(logger: Logger): void {
  const { status, failure, problems } = tracingState;
  problems.subscribe(({ event, reason }) => logger.warning(event, { reason }));
  if (status === 'failed') logger.error('tracing_failed', { error: failure });
  if (status === 'foreign') logger.error('tracing_foreign');
  if (status === 'absent') logger.error('tracing_absent');
  if (status === 'disabled') logger.info('tracing_disabled');
}

function serverOptions({ requestTimeoutMs }: Config) {
  return {
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(requestTimeoutMs, HEADERS_TIMEOUT_MAX_MS),
    connectionsCheckingInterval: Math.min(requestTimeoutMs / 2, CONNECTIONS_CHECKED_EVERY_MAX_MS),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // The application answers it, as every other error.
    requireHostHeader: false,
  };
}

/** Answers CONNECT as any other method that no route has; Node.js would close the connection without an answer. */
function answerConnect(server: Server, response: ServerResponse, socket: Duplex): void {
  const request = response.req;
  response.shouldKeepAlive = false;
  response.assignSocket(request.socket);
  response.once('finish', () => closeSoon(socket));
  server.emit('request', request, response);
}

async function listen({ host, port }: Config, server: Server): Promise<void> {
  try {
    server.listen(port, host, BACKLOG);
    await once(server, 'listening');
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
