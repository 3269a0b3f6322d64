import { ApiError } from '@products/api-contract/server';
import type { Express, RequestHandler } from 'express';
import { splitTarget } from './request-target.js';

/** The methods that routes have handlers for. HEAD is answered as GET without a body, OPTIONS by every route. */
const METHODS = ['GET', 'POST', 'PATCH', 'DELETE'] as const;

export type Method = (typeof METHODS)[number];

/** A request as spans, metrics and logs name it. */
interface RouteMatch {
  /** `/products/:id` */
  readonly template: string;
  /** `GET /products/:id`, `products.list` */
  readonly spanName: string;
  /** Whether it waits for a connection of the pool, and is shed when too many wait. */
  readonly needsDatabase: boolean;
  /** Procedures that it calls. */
  readonly calls: number;
}

/** A path of the service, or several that share their handlers. */
export interface Route {
  /** Of the path; its named groups are Express's `request.params`. */
  readonly pattern: RegExp;
  readonly handlers: Readonly<Partial<Record<Method, readonly RequestHandler[]>>>;
  /** Undefined where the pattern fits and the request still names nothing: an unknown procedure. */
  match(method: string, path: string, query: string): RouteMatch | undefined;
}

export type FindRoute = Route['match'];

/** A route with one template; its spans are named after it unless they have a name of their own. */
export function createRoute(
  template: string,
  handlers: Route['handlers'],
  {
    needsDatabase = (_method: Method) => false,
    spanName,
  }: {
    needsDatabase?: (method: Method) => boolean;
    spanName?: string;
  } = {},
): Route {
  const groups = template.replaceAll('.', '\\.').replaceAll(/:(\w+)/g, '(?<$1>[^/]+)');
  return {
    pattern: new RegExp(`^${groups}$`),
    handlers,
    match: (method) => {
      const served = method === 'HEAD' ? 'GET' : method;
      return {
        template,
        spanName: spanName ?? `${method} ${template}`,
        needsDatabase: hasHandlers(handlers, served) && needsDatabase(served),
        calls: 1,
      };
    },
  };
}

/** Finds the route before Express does: spans, labels and shedding need it at the arrival of the request. */
export function createRouteFinder(routes: readonly Route[]): FindRoute {
  return (method, path, query) => routes.find(({ pattern }) => pattern.test(path))?.match(method, path, query);
}

/** Mounts a route: its handlers, OPTIONS, and 405 with `Allow` for every other method. */
export function mountRoute(app: Express, { pattern, handlers, match }: Route): void {
  const served = METHODS.filter((method) => handlers[method] !== undefined);
  const allow = [...served.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])), 'OPTIONS'].join(', ');
  const route = app.route(pattern);
  const mounts = { GET: 'get', POST: 'post', PATCH: 'patch', DELETE: 'delete' } as const;
  for (const method of served) route[mounts[method]](...(handlers[method] ?? []));
  route.all(({ method, path, url }, response, next) => {
    if (match(method, path, splitTarget(url).query) === undefined) return next('route');
    response.setHeader('Allow', allow);
    if (method === 'OPTIONS') return response.status(204).end();
    throw new ApiError('METHOD_NOT_SUPPORTED', {
      message: `${method} n’est pas possible pour ${path} ; sont permises : ${allow}.`,
    });
  });
}

function hasHandlers(handlers: Route['handlers'], method: string): method is Method {
  return Object.hasOwn(handlers, method);
}
