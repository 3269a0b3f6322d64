import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  currentSampledTraceId,
  currentTrace,
  currentTraceResponse,
  type Logger,
  type LogLevel,
  type Metrics,
  monitoringPaths,
  statusOf,
} from '@products/telemetry';
import { routeOf } from './route.js';

/** The `path` label of every request that matched no route. */
const UNMATCHED = '(unmatched)';

/** Methods that have a series of their own; OpenTelemetry's word for any other is `_OTHER`. */
const COUNTED_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Logs and measures every request from its arrival to the end of its response, and tells the client its trace. */
export function observeRequests(
  logger: Logger,
  metrics: Metrics,
): (request: IncomingMessage, response: ServerResponse, next: () => void) => void {
  return ({ method = '', url = '' }, response, next) => {
    const startedAt = performance.now();
    const [path = ''] = url.split('?', 1);
    // The response may be closed from anywhere, outside the request's context too.
    const trace = currentTrace();
    const traceId = currentSampledTraceId();
    const traceResponse = currentTraceResponse();
    if (traceResponse !== undefined) response.setHeader('traceresponse', traceResponse);

    const isQuiet = monitoringPaths.has(path);
    logger.log(isQuiet ? 'DEBUG' : 'INFO', 'request_received', { method, path });
    metrics.requestStarted();

    response.once('close', () => {
      const durationSeconds = (performance.now() - startedAt) / 1_000;
      const status = statusOf(response);
      const route = routeOf(response) ?? UNMATCHED;
      const countedMethod = COUNTED_METHODS.has(method) ? method : '_OTHER';
      metrics.requestEnded({ method: countedMethod, path: route, status, durationSeconds, traceId });
      const duration_ms = Math.round(durationSeconds * 1e6) / 1e3;
      const level = isQuiet ? 'DEBUG' : levelOf(status);
      logger.log(level, 'request_completed', { method, path, status, route, duration_ms }, trace);
    });
    next();
  };
}

function levelOf(status: number): LogLevel {
  if (status >= 500) return 'ERROR';
  return status >= 400 ? 'WARNING' : 'INFO';
}
