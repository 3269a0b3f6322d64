import type { IncomingMessage } from 'node:http';
import { ApiError, errorCatalogue } from '@products/api-contract/server';
import { withoutSpan } from '@products/telemetry';
import express, { type Express, type RequestHandler } from 'express';
import type { Dependencies } from '../dependencies.js';
import { browserPolicies } from './browser-policies.js';
import { RETRY_AFTER_SECONDS, sendErrorBody } from './error-response.js';
import { observeRequests } from './observe-requests.js';
import { listProcedures } from './procedures.js';
import { expressPath } from './rest.js';
import { routeOf, setRoute } from './route.js';
import { isTrpcRequest, sendTrpcError } from './trpc.js';

/** What waits for a connection to the database: the products, through either door. */
const WAITING = /^\/(?:trpc\/)?products(?:[/?.]|$)/;

const WAITING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

/** Whether a request that arrives now would find the queue for a connection full. */
export function isTooMuch({ method = '', url = '' }: IncomingMessage, { isQueueFull }: Dependencies): boolean {
  return isQueueFull() && WAITING_METHODS.has(method) && WAITING.test(url);
}

/**
 * Answers 503 to everything: what is more than the service can do is handed to this application instead of the one that
 * would do it, for only to trace a request, parse it and call its procedure costs nearly as much as to answer it. The
 * request is logged and counted as any other, under the ids of a trace that has no span of it.
 */
export function createOverloadApp({ config, logger, metrics, router }: Dependencies): Express {
  const app = express();
  app.set('etag', false);
  app.use((request, _response, next) => withoutSpan(request.headers, next));
  app.use(observeRequests(logger, metrics));
  app.use(browserPolicies(config.corsOrigins));
  for (const { name, rest } of listProcedures(router)) {
    if (rest !== null) app.all(expressPath(rest.path), nameRoute(expressPath(rest.path)));
    app.all(`/trpc/${name}`, nameRoute(`/trpc/${name}`));
  }
  app.all('/trpc/:procedures', nameRoute('/trpc/(batch)'));
  app.use((request, response) => {
    const error = new ApiError('SERVICE_UNAVAILABLE', {
      message: 'Trop de requêtes attendent déjà. Réessayez plus tard.',
    });
    response.status(errorCatalogue.SERVICE_UNAVAILABLE.status).setHeader('Retry-After', RETRY_AFTER_SECONDS);
    if (isTrpcRequest(request)) sendTrpcError(router, error, response);
    else sendErrorBody(error, response);
  });
  return app;
}

/** The first name of several stays. */
function nameRoute(route: string): RequestHandler {
  return (_request, response, next) => {
    if (routeOf(response) === undefined) setRoute(response, route, route);
    next();
  };
}
