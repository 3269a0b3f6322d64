import type { AppRouter } from '@products/api-contract';
import { type ApiError, PAGE_SIZE_MAX, toApiError } from '@products/api-contract/server';
import { type Logger, withSpan } from '@products/telemetry';
import { getTRPCErrorShape } from '@trpc/server';
import { createExpressMiddleware } from '@trpc/server/adapters/express';
import type { Express, Request, RequestHandler, Response } from 'express';
import { RETRY_AFTER_SECONDS, reportError } from './error-response.js';
import { readJsonText } from './json-body.js';
import { listProcedures } from './procedures.js';
import { serve, setRoute } from './route.js';

/** Most calls in one batch. */
const BATCH_SIZE_MAX = 25;

const ROUTE = '/trpc/:procedures';

/** Serves the router's procedures under `/trpc`, each call or batch of calls a request. */
export function mountTrpc(app: Express, router: AppRouter, logger: Logger): void {
  const handler = createExpressMiddleware({
    router,
    maxBatchSize: BATCH_SIZE_MAX,
    createContext: ({ info }) => ({
      defaultLimit: PAGE_SIZE_MAX,
      ...(info.calls.length > 1 ? { inProcedureSpan: withSpan } : {}),
    }),
    onError: ({ error }) => reportError(logger, toApiError(error)),
    responseMeta: ({ errors, eagerGeneration }) => {
      // A stream of results is on its way already: its headers are tRPC's.
      if (eagerGeneration === true) return {};
      const isUnavailable = errors.some(({ code }) => code === 'SERVICE_UNAVAILABLE');
      return {
        headers: {
          // Errors from before a context exists would be text/plain.
          'content-type': 'application/json',
          ...(isUnavailable ? { 'retry-after': RETRY_AFTER_SECONDS } : {}),
        },
      };
    },
  });
  serve(app, ROUTE, { GET: [answerHeadAsGet, handler], POST: [...readJsonText, handler] }, nameRouteOf(router));
}

/** tRPC answers HEAD with 204 and calls nothing. Node.js leaves the body out by itself. */
const answerHeadAsGet: RequestHandler = (request, _response, next) => {
  if (request.method === 'HEAD') request.method = 'GET';
  next();
};

/** `/trpc/products.list`, `/trpc/(batch)`; a procedure that does not exist is no route. */
function nameRouteOf(router: AppRouter): RequestHandler {
  const names = new Set(listProcedures(router).map(({ name }) => name));
  return (request, response, next) => {
    response.locals['isTrpc'] = true;
    const called = calledProcedures(request);
    const [name] = called;
    if (called.length > 1) setRoute(response, '/trpc/(batch)', '/trpc/(batch)');
    else if (name !== undefined && names.has(name)) setRoute(response, `/trpc/${name}`, name);
    next();
  };
}

function calledProcedures({ params, query }: Request): string[] {
  const procedures = String(params['procedures']);
  return query['batch'] === '1' ? procedures.split(',') : [procedures];
}

export function isTrpcRequest(response: Response): boolean {
  return response.locals['isTrpc'] === true;
}

/** Answers, in tRPC's envelope, an error from before tRPC had the request. */
export function sendTrpcError(router: AppRouter, error: ApiError, response: Response): void {
  const shape = getTRPCErrorShape({
    config: router._def._config,
    error,
    type: 'unknown',
    path: undefined,
    input: undefined,
    ctx: undefined,
  });
  response.json({ error: shape });
}
