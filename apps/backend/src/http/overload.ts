import { IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { AppRouter } from '@products/api-contract';
import { ApiError, errorCatalogue } from '@products/api-contract/server';
import { splitTarget, withoutSpan } from '@products/telemetry';
import type { Dependencies } from '../dependencies.js';
import { allowOrigins, secureHeaders } from './browser-policies.js';
import { RETRY_AFTER_SECONDS, sendErrorBody } from './error-response.js';
import { observeRequests } from './observe-requests.js';
import { listProcedures, listRoutes } from './procedures.js';
import { expressPath } from './rest.js';
import { setRoute } from './route.js';
import { sendTrpcError } from './trpc.js';

/** What waits for a connection to the database: the products, through either door. */
const WAITING = /^\/(?:trpc\/)?products(?:[/?.]|$)/;

const WAITING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

/** Whether a request that arrives now would find the queue for a connection full. */
export function isTooMuch({ method = '', url = '' }: IncomingMessage, { isQueueFull }: Dependencies): boolean {
  return isQueueFull() && WAITING_METHODS.has(method) && WAITING.test(splitTarget(url).target);
}

/**
 * Refuses a request that is too much before Express, tracing and its procedure have cost as much as an answer: the less
 * a refusal costs, the more is left for those who wait. It is logged and counted as any other, under the ids of a trace that
 * has no span of it.
 */
export function refuseOverload({ config, logger, metrics, router }: Dependencies): RequestListener {
  const observe = observeRequests(logger, metrics);
  const fixedHeaders = Object.entries(headersOf(secureHeaders()));
  const allow = allowOrigins(config.corsOrigins);
  const findRoute = createRouteFinder(router);
  const { status } = errorCatalogue.SERVICE_UNAVAILABLE;
  const error = new ApiError('SERVICE_UNAVAILABLE', {
    message: 'Trop de requêtes attendent déjà. Réessayez plus tard.',
  });

  return (request, response) => {
    const [path = ''] = (request.url ?? '').split('?', 1);
    withoutSpan(request.headers, () => {
      observe(request, response, () => {
        const route = findRoute(path);
        if (route !== undefined) setRoute(response, route, route);
        response.statusCode = status;
        response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
        for (const [name, value] of fixedHeaders) if (value !== undefined) response.setHeader(name, value);
        allow(request, response, () =>
          path.startsWith('/trpc/') ? sendTrpcError(router, error, response) : sendErrorBody(error, response),
        );
      });
    });
  };
}

/** What a handler that says the same to every request sets. */
function headersOf(handler: ReturnType<typeof secureHeaders>) {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  handler(response.req, response, () => {});
  return response.getHeaders();
}

/** The route's name for metrics and log, as Express would find it. */
function createRouteFinder(router: AppRouter): (path: string) => string | undefined {
  const calls = new Set(listProcedures(router).map(({ name }) => `/trpc/${name}`));
  const templates = listRoutes(router).map(({ rest: { path } }) => ({
    route: expressPath(path),
    pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }));
  return (path) => {
    if (calls.has(path)) return path;
    if (path.startsWith('/trpc/')) return path.includes(',') ? '/trpc/(batch)' : undefined;
    return templates.find(({ pattern }) => pattern.test(path))?.route;
  };
}
