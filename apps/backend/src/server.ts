import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ConnectionConfig } from '@products/db';
import { hasRequestSpans, type Logger, type MetricsSnapshot, tracingState } from '@products/telemetry';
import { createApp } from './app.js';
import type { Config } from './config.js';
import { createDependencies, type Dependencies } from './dependencies.js';
import { answerClientError, refuseInterrupted } from './http/client-error.js';
import { isTooMuch, refuseOverload } from './http/overload.js';
import { withOriginForm } from './http/request-target.js';
import { shutDown } from './shutdown.js';

/** Above the idle time-outs of usual load balancers, so that it is they who close a connection nobody uses. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const HEADERS_TIMEOUT_MAX_MS = 60_000;
/** How long the steps of the stop may take: a receiver of traces that hangs, connections that hang. */
const TRACES_TIMEOUT_MS = 2_000;
const CLOSE_TIMEOUT_MS = 1_000;
/** Connections that may wait to be accepted; Linux allows as many. Of more than Node.js's 511, some would come seconds later. */
const BACKLOG = 4_096;
/** How late a request that takes too long may be found out. */
const CONNECTIONS_CHECKED_EVERY_MAX_MS = 5_000;

/** What of the stop comes after the last request, at most. */
export const SERVER_STOP_STEPS_MAX_MS = TRACES_TIMEOUT_MS + CLOSE_TIMEOUT_MS;

/** The HTTP server of one process. */
export interface RunningServer {
  /** Where it listens: `http://0.0.0.0:5000`. */
  readonly url: string;
  /** The metrics of this process. */
  snapshotMetrics(): Promise<MetricsSnapshot>;
  /** Stops in order: what was accepted is answered, spans are exported. Resolves with whether all of it was in time. */
  stop(): Promise<boolean>;
}

/**
 * Starts to serve.
 *
 * @param collectMetrics what `/metrics` shows, where that is not this process's metrics alone
 * @throws {Error} when the port cannot be had.
 */
export async function startServer(
  config: Config,
  connection: ConnectionConfig,
  logger: Logger,
  collectMetrics?: () => Promise<MetricsSnapshot>,
): Promise<RunningServer> {
  reportTracing(logger);
  const dependencies = createDependencies(config, connection, logger, collectMetrics);
  const { lifecycle } = dependencies;
  const server = createServer(serverOptions(config), withOriginForm(createListener(dependencies)));
  server.on('connection', (socket) => lifecycle.trackConnection(socket));
  server.on('clientError', answerClientError(lifecycle));
  // No expectation is asked of a request that the routes do not answer anyway (RFC 9110, 10.1.1).
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('connect', (request, socket) => answerConnect(server, request, socket));
  await listen(config, server);
  return {
    url: urlOf(server, config.host),
    snapshotMetrics: () => dependencies.metrics.snapshot(),
    stop: () =>
      shutDown({
        logger,
        server,
        lifecycle,
        delayMs: config.shutdownDelayMs,
        timeoutMs: config.shutdownTimeoutMs,
        interrupt: refuseInterrupted,
        steps: [
          { name: 'export des traces', timeoutMs: TRACES_TIMEOUT_MS, run: async () => tracingState.shutdown?.() },
          { name: 'connexions à la base', timeoutMs: CLOSE_TIMEOUT_MS, run: () => dependencies.closeDatabase() },
        ],
      }),
  };
}

/** What is more than the service can do is refused before it gets a span. */
function createListener(dependencies: Dependencies): (request: IncomingMessage, response: ServerResponse) => void {
  const app = createApp(dependencies);
  const refuse = refuseOverload(dependencies);
  tracingState.leavesOut = (request) => isTooMuch(request, dependencies);
  return (request, response) => {
    if (isTooMuch(request, dependencies)) refuse(request, response);
    else app(request, response);
  };
}

/** A service without traces works, and must not look as if it had them. */
function reportTracing(logger: Logger): void {
  const { status, failure, problems } = tracingState;
  problems.subscribe(({ event, reason }) => logger.warning(event, { reason }));
  if (status === 'failed') logger.error('tracing_failed', { error: failure });
  if (status === 'absent') logger.error('tracing_absent');
  if (status === 'disabled') logger.info('tracing_disabled');
  if (status === 'started' && !hasRequestSpans()) logger.error('tracing_ineffective');
}

function serverOptions({ requestTimeoutMs }: Config) {
  return {
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(requestTimeoutMs, HEADERS_TIMEOUT_MAX_MS),
    connectionsCheckingInterval: Math.min(requestTimeoutMs / 2, CONNECTIONS_CHECKED_EVERY_MAX_MS),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // Said by the application, as every other error.
    requireHostHeader: false,
  };
}

/** Answers a proxy's method as any other that no route has; Node.js would close the connection without a word. */
function answerConnect(server: Server, request: IncomingMessage, socket: Duplex): void {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(request.socket);
  response.once('finish', () => socket.end());
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
