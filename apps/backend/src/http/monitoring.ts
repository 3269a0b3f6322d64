import { ApiError, errorCatalogue } from '@products/api-contract/server';
import { exposeMetrics } from '@products/telemetry';
import type { Express } from 'express';
import type { Dependencies } from '../dependencies.js';
import { RETRY_AFTER_SECONDS, sendErrorBody } from './error-response.js';
import { serve } from './route.js';
import { sendJson } from './send.js';

/** The routes that machines ask: is the process up, may it get traffic, what does it measure. */
export function mountMonitoring(app: Express, { isDatabaseReachable, lifecycle, collectMetrics }: Dependencies): void {
  serve(app, '/livez', {
    GET: [(_request, response) => sendJson(response, { status: 'UP' })],
  });
  serve(app, '/readyz', {
    GET: [
      async (_request, response) => {
        const isReady = !lifecycle.isDraining && (await isDatabaseReachable());
        if (isReady) {
          sendJson(response, { status: 'UP' });
          return;
        }
        // Not an error of the service's: probes are meant to find this out, again and again.
        response.status(errorCatalogue.SERVICE_UNAVAILABLE.status).setHeader('Retry-After', RETRY_AFTER_SECONDS);
        const { message } = errorCatalogue.SERVICE_UNAVAILABLE;
        const reason = lifecycle.isDraining ? 'Le service s’arrête.' : message;
        sendErrorBody(new ApiError('SERVICE_UNAVAILABLE', { message: reason }), response);
      },
    ],
  });
  serve(app, '/metrics', {
    GET: [
      async ({ headers }, response) => {
        const { contentType, body } = exposeMetrics(await collectMetrics(), headers.accept ?? '');
        response.setHeader('Content-Type', contentType).vary('Accept').end(body);
      },
    ],
  });
}
