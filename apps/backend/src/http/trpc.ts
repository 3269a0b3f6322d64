import type { AppRouter } from '@products/api-contract';
import { ApiError, createAppRouter, type Ports, toApiError, versionOf } from '@products/api-contract/server';
import { type Logger, withSpan } from '@products/telemetry';
import { createExpressMiddleware } from '@trpc/server/adapters/express';
import type { RequestHandler } from 'express';
import { callerOf } from './caller.js';
import { recordFailure, reportError } from './errors.js';
import { readJsonText } from './json-body.js';
import type { Procedure } from './procedures.js';
import { splitTarget } from './request-target.js';
import { createRoute, type Route } from './routes.js';
import { RETRY_AFTER_SECONDS } from './send.js';

/** Most calls in one batch. */
const BATCH_SIZE_MAX = 25;

/** tRPC's own would replace CORS's. */
const VARY = 'trpc-accept, accept, Origin';

/** Serves the router's procedures under `/trpc`, each call or batch of calls a request. */
export function trpcRoutes(router: AppRouter, ports: Ports, procedures: readonly Procedure[], logger: Logger): Route[] {
  const handleCall = createHandler(router, logger);
  const handleBatch = createHandler(createBatchRouter(ports), logger);
  const handle: RequestHandler = (request, response, next) => {
    const { path, query } = splitTarget(request.url);
    const names = namesIn(path);
    const isBatched = isBatch(names, query);
    // tRPC's own refusal does not say how many there may be.
    if (isBatched && names.length > BATCH_SIZE_MAX) {
      const message = `Un lot a ${BATCH_SIZE_MAX} appels au plus (maxItems: ${BATCH_SIZE_MAX}), reçu : ${names.length}.`;
      throw new ApiError('BAD_REQUEST', { message });
    }
    (isBatched ? handleBatch : handleCall)(request, response, next);
  };
  const GET = [forTrpc, handle];
  const POST = [readJsonText, forTrpc, handle];
  const calls = procedures.map(({ name, type, needsDatabase }) =>
    createRoute(`/trpc/${name}`, type === 'query' ? { GET, POST } : { POST }, {
      needsDatabase: () => needsDatabase,
      spanName: name,
    }),
  );
  return [...calls, { pattern: /^\/trpc\/[^/]+$/, handlers: { GET, POST }, match: createBatchMatch(procedures) }];
}

/** The same router, with a span for each procedure of a batch. */
function createBatchRouter(ports: Ports): AppRouter {
  return createAppRouter(ports, (name, run) =>
    withSpan(name, async () => {
      const outcome = await run();
      if (!outcome.ok) recordFailure(toApiError(outcome.error));
      return outcome;
    }),
  );
}

/** Names batches, and procedures whose path is spelled with escapes. */
function createBatchMatch(procedures: readonly Procedure[]): Route['match'] {
  const byName = new Map(procedures.map((procedure) => [procedure.name, procedure]));
  return (_method, path, query) => {
    const names = namesIn(path);
    const called = names.flatMap((name) => byName.get(name) ?? []);
    const needsDatabase = called.some((procedure) => procedure.needsDatabase);
    if (isBatch(names, query)) {
      const calls = Math.min(names.length, BATCH_SIZE_MAX);
      return { template: '/trpc/(batch)', spanName: '/trpc/(batch)', needsDatabase, calls };
    }
    const [procedure] = called;
    if (names.length > 1 || procedure === undefined) return undefined;
    return { template: `/trpc/${procedure.name}`, spanName: procedure.name, needsDatabase, calls: 1 };
  };
}

/** The procedures that a path calls. */
function namesIn(path: string): string[] {
  const text = path.slice('/trpc/'.length);
  try {
    return decodeURIComponent(text).split(',');
  } catch {
    return [text];
  }
}

function isBatch(names: readonly string[], query: string): boolean {
  return names.length > 1 && new URLSearchParams(query).get('batch') === '1';
}

function createHandler(router: AppRouter, logger: Logger): RequestHandler {
  return createExpressMiddleware({
    router,
    maxBatchSize: BATCH_SIZE_MAX,
    // A query whose input is too long for a URL comes by POST.
    allowMethodOverride: true,
    createContext: ({ res }) => ({ caller: callerOf(res) }),
    onError: ({ error, req: { res } }) => {
      reportError(logger, toApiError(error));
      // A stream that fails on the way: the client reads the failure in the stream, logs and metrics have the status.
      if (res?.headersSent) res.statusCode = 500;
    },
    responseMeta: ({ data, errors, eagerGeneration }) => {
      // The errors of a stream are still to come.
      if (eagerGeneration === true) return { headers: { vary: VARY } };
      const isUnavailable = errors.some(({ code }) => code === 'SERVICE_UNAVAILABLE');
      // A batch has several answers and one set of headers.
      const [answer, ...others] = data;
      const version = others.length > 0 || answer === undefined ? undefined : versionIn(answer);
      return {
        headers: {
          // An error before there is a context would be text/plain.
          'content-type': 'application/json',
          vary: VARY,
          ...(isUnavailable ? { 'retry-after': RETRY_AFTER_SECONDS } : {}),
          ...(version === undefined ? {} : { etag: `"${version}"` }),
        },
      };
    },
  });
}

function versionIn(answer: object): string | undefined {
  const { result } = answer as { readonly result?: { readonly data?: unknown } };
  return versionOf(result?.data);
}

/** Prepares a request for tRPC's HTTP adapter. */
const forTrpc: RequestHandler = (request, _response, next) => {
  // The adapter answers HEAD with 204 and calls nothing; Node.js leaves the body out of a HEAD by itself.
  if (request.method === 'HEAD') request.method = 'GET';
  // The adapter refuses a GET that has a Content-Type and no body.
  if (request.method === 'GET') delete request.headers['content-type'];
  // The adapter knows one of JSON's media types only; the body has been read by now.
  else if (request.headers['content-type'] !== undefined) request.headers['content-type'] = 'application/json';
  // The adapter makes a URL of the Host header, which may be malformed.
  request.headers.host = 'localhost';
  next();
};
