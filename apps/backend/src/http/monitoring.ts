import { ApiError } from '@products/api-contract/server';
import { type MetricsSnapshot, prefersOpenMetrics, renderMetrics } from '@products/telemetry';
import type { RequestHandler } from 'express';
import type { SendError } from './errors.js';
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

/** Concurrent scrapes share one collection and its text. */
function shareExpositions(collectMetrics: Monitoring['collectMetrics']) {
  const pending = new Map<boolean, Promise<{ contentType: string; body: Buffer }>>();
  const expose = async (isOpenMetrics: boolean) => {
    const { contentType, body } = renderMetrics(await collectMetrics(), isOpenMetrics);
    return { contentType, body: Buffer.from(body) };
  };
  return (isOpenMetrics: boolean) => {
    const running = pending.get(isOpenMetrics) ?? expose(isOpenMetrics).finally(() => pending.delete(isOpenMetrics));
    pending.set(isOpenMetrics, running);
    return running;
  };
}

/** Liveness, readiness and metrics. */
export function monitoringRoutes(
  { collectMetrics, isDatabaseReachable, isDraining }: Monitoring,
  sendError: SendError,
): Route[] {
  const exposeOnce = shareExpositions(collectMetrics);
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
    const { contentType, body } = await exposeOnce(prefersOpenMetrics(headers.accept ?? ''));
    send(response.vary('Accept'), contentType, body);
  };
  return [
    createRoute('/livez', { GET: [live] }),
    createRoute('/readyz', { GET: [ready] }),
    createRoute('/metrics', { GET: [metrics] }),
  ];
}
