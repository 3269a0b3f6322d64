import type { ServerResponse } from 'node:http';
import { ApiError } from '@products/api-contract/server';
import { nameRequestSpan } from '@products/telemetry';
import type { Express, RequestHandler } from 'express';

/** What a path answers, by method. HEAD is answered as GET without a body. */
export interface Handlers {
  readonly GET?: readonly RequestHandler[];
  readonly POST?: readonly RequestHandler[];
}

/**
 * Serves a path: names the route for metrics and traces, answers OPTIONS, and any other method with 405 and `Allow`.
 *
 * @param path Express's path template: `/products/:id`
 * @param nameRoute how to name the route instead, for a path that stands for several
 */
export function serve(
  app: Express,
  path: string,
  handlers: Handlers,
  nameRoute: RequestHandler = (request, response, next) => {
    setRoute(response, path, `${request.method} ${path}`);
    next();
  },
): void {
  const allow = [
    ...(handlers.GET === undefined ? [] : ['GET', 'HEAD']),
    ...(handlers.POST === undefined ? [] : ['POST']),
  ];
  const allowed = [...allow, 'OPTIONS'].join(', ');
  const route = app.route(path).all(nameRoute);
  if (handlers.GET !== undefined) route.get(...handlers.GET);
  if (handlers.POST !== undefined) route.post(...handlers.POST);
  route.options((_request, response) => {
    response.setHeader('Allow', allowed).status(204).end();
  });
  route.all(({ method, path: requested }, response) => {
    response.setHeader('Allow', allowed);
    throw new ApiError('METHOD_NOT_SUPPORTED', {
      message: `${method} n’est pas possible pour ${requested} ; sont permises : ${allowed}.`,
    });
  });
}

const routes = new WeakMap<ServerResponse, string>();

/** @param spanName what the request's span is called: `GET /products/:id`, `products.list` */
export function setRoute(response: ServerResponse, route: string, spanName: string): void {
  routes.set(response, route);
  nameRequestSpan(spanName, route);
}

/** The route that the request matched; undefined when there is none. */
export function routeOf(response: ServerResponse): string | undefined {
  return routes.get(response);
}
