import { ApiError } from '@products/api-contract/server';
import { exposeMetrics, type MetricsSnapshot } from '@products/telemetry';
import type { RequestHandler } from 'express';
import { sendError } from './errors.js';
import { createRoute, type Route } from './routes.js';
import { send, sendJson } from './send.js';

/** The state of the service, for the routes that machines ask. */
export interface Monitoring {
  /** The metrics of this process, or with several workers of all. */
  collectMetrics(): Promise<MetricsSnapshot>;
  /** Untraced, unlogged, never rejects. */
  isDatabaseReachable(): Promise<boolean>;
  isDraining(): boolean;
}

/** Liveness, readiness and metrics. */
export function monitoringRoutes({ collectMetrics, isDatabaseReachable, isDraining }: Monitoring): Route[] {
  const live: RequestHandler = (_request, response) => sendJson(response, { status: 'UP' });
  // A probe that is not ready is no error of the service: it is not logged as one.
  const ready: RequestHandler = async (_request, response) => {
    if (isDraining()) {
      sendError(response, new ApiError('SERVICE_UNAVAILABLE', { message: 'Le service s’arrête.' }));
    } else if (await isDatabaseReachable()) {
      sendJson(response, { status: 'UP' });
    } else {
      sendError(response, new ApiError('SERVICE_UNAVAILABLE'));
    }
  };
  const metrics: RequestHandler = async ({ headers }, response) => {
    const { contentType, body } = exposeMetrics(await collectMetrics(), headers.accept ?? '');
    send(response.vary('Accept'), contentType, Buffer.from(body));
  };
  return [
    createRoute('/livez', { GET: [live] }),
    createRoute('/readyz', { GET: [ready] }),
    createRoute('/metrics', { GET: [metrics] }),
  ];
}
