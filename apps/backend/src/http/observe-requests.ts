import {
  currentSampledTraceId,
  currentTrace,
  currentTraceResponse,
  type Logger,
  type Metrics,
  STATUS_CLIENT_CLOSED_REQUEST,
} from '@products/telemetry';
import type { RequestHandler } from 'express';
import { routeOf } from './route.js';

/** The `path` label of every request that matched no route. */
const UNMATCHED = '(unmatched)';

/** Methods that have a series of their own; OpenTelemetry's word for any other is `_OTHER`. */
const COUNTED_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Paths that monitoring asks all the time: their lines are for debugging. */
const QUIET_PATHS: ReadonlySet<string> = new Set(['/metrics', '/livez', '/readyz']);

/** Logs and measures every request from its arrival to the end of its response, and tells the client its trace. */
export function observeRequests(logger: Logger, metrics: Metrics): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    const { method, path } = request;
    // The response may be closed from anywhere, outside the request's context too.
    const trace = currentTrace();
    const traceId = currentSampledTraceId();
    const traceResponse = currentTraceResponse();
    if (traceResponse !== undefined) response.setHeader('traceresponse', traceResponse);

    const isQuiet = QUIET_PATHS.has(path);
    logger[isQuiet ? 'debug' : 'info'](`Requête reçue: ${method} ${path}`, { method, path });
    metrics.requestStarted();

    response.once('close', () => {
      const durationSeconds = (performance.now() - startedAt) / 1_000;
      const status = response.writableFinished ? response.statusCode : STATUS_CLIENT_CLOSED_REQUEST;
      const route = routeOf(response) ?? UNMATCHED;
      const countedMethod = COUNTED_METHODS.has(method) ? method : '_OTHER';
      metrics.requestEnded({ method: countedMethod, path: route, status, durationSeconds, traceId });
      logger[isQuiet ? 'debug' : levelFor(status)](`Requête complétée: ${method} ${path}`, {
        method,
        path,
        status,
        route,
        duration_ms: Math.round(durationSeconds * 1e6) / 1e3,
        ...trace,
      });
    });
    next();
  };
}

function levelFor(status: number): 'info' | 'warning' | 'error' {
  if (status >= 500) return 'error';
  return status >= 400 ? 'warning' : 'info';
}
