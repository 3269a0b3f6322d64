import type { ServerResponse } from 'node:http';
import type { AppRouter } from '@products/api-contract';
import { type ApiError, errorCatalogue, toApiError } from '@products/api-contract/server';
import type { Logger } from '@products/telemetry';
import { getTRPCErrorShape } from '@trpc/server';
import { createExpressMiddleware } from '@trpc/server/adapters/express';
import type { Express, Request, RequestHandler } from 'express';
import type { Dependencies } from '../dependencies.js';
import { RETRY_AFTER_SECONDS, reportError } from './error-response.js';
import { readJsonText } from './json-body.js';
import { listProcedures } from './procedures.js';
import { serve, setRoute } from './route.js';
import { sendJson } from './send.js';

/** Most calls in one batch. */
const BATCH_SIZE_MAX = 25;

const CALLING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

/** Serves the router's procedures under `/trpc`, each call or batch of calls a request. */
export function mountTrpc(app: Express, { router, batchRouter, logger }: Dependencies): void {
  const handleOne = createHandler(router, logger);
  const handleBatch = createHandler(batchRouter, logger);
  const handler: RequestHandler = (request, response, next) =>
    (isBatch(request) ? handleBatch : handleOne)(request, response, next);
  const query = [forTrpc, handler];
  const mutation = [readJsonText, forTrpc, handler];
  const procedures = listProcedures(router);
  for (const { name, type } of procedures) {
    serve(app, `/trpc/${name}`, type === 'query' ? { GET: query } : { POST: mutation }, (_request, response, next) => {
      setRoute(response, `/trpc/${name}`, name);
      next();
    });
  }
  // Batches, and names of no procedure.
  const names = new Set(procedures.map(({ name }) => name));
  serve(app, '/trpc/:procedures', { GET: query, POST: mutation }, (request, response, next) => {
    const called = String(request.params['procedures']);
    if (isBatch(request)) setRoute(response, '/trpc/(batch)', '/trpc/(batch)');
    // Spelled with an escape that Express leaves to us.
    else if (names.has(called)) setRoute(response, `/trpc/${called}`, called);
    else if (!CALLING_METHODS.has(request.method)) return next('route');
    next();
  });
}

function createHandler(router: AppRouter, logger: Logger): RequestHandler {
  return createExpressMiddleware({
    router,
    maxBatchSize: BATCH_SIZE_MAX,
    onError: ({ error, req: { res } }) => {
      reportError(logger, toApiError(error));
      // A stream that fails on the way: its client is told in the stream, logs and metrics by the status.
      if (res?.headersSent) res.statusCode = errorCatalogue.INTERNAL_SERVER_ERROR.status;
    },
    responseMeta: ({ errors, eagerGeneration }) => {
      // A stream of results, whose errors are still to come. tRPC's own Vary would take the place of CORS's.
      if (eagerGeneration === true) return { headers: { vary: 'trpc-accept, accept, Origin' } };
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
}

/** What tRPC's own HTTP adapter would trip over. */
const forTrpc: RequestHandler = (request, _response, next) => {
  // It answers HEAD with 204 and calls nothing. Node.js leaves the body out by itself.
  if (request.method === 'HEAD') request.method = 'GET';
  // It refuses a GET with the type of a body that is not there.
  if (request.method === 'GET') delete request.headers['content-type'];
  // It makes a URL of whatever the client calls this host.
  request.headers.host = 'localhost';
  next();
};

function isBatch({ params, url }: Request): boolean {
  return String(params['procedures']).includes(',') && new URLSearchParams(url.split('?')[1]).get('batch') === '1';
}

export function isTrpcRequest({ path }: Request): boolean {
  return path.startsWith('/trpc/');
}

/** Answers, in tRPC's envelope, an error from before tRPC had the request. */
export function sendTrpcError(router: AppRouter, error: ApiError, response: ServerResponse): void {
  const shape = getTRPCErrorShape({
    config: router._def._config,
    error,
    type: 'unknown',
    path: undefined,
    input: undefined,
    ctx: undefined,
  });
  sendJson(response, { error: shape });
}
