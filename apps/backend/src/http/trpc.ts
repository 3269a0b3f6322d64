import type { AppRouter } from '@products/api-contract';
import {
  ApiError,
  createAppRouter,
  describeValue,
  type Ports,
  streamOnly,
  toApiError,
  versionOf,
} from '@products/api-contract/server';
import { type Logger, withSpan } from '@products/telemetry';
import { getTRPCErrorFromUnknown, getTRPCErrorShape } from '@trpc/server';
import { createExpressMiddleware } from '@trpc/server/adapters/express';
import type { Request, RequestHandler } from 'express';
import { callerOf } from './caller.js';
import { recordFailure, reportError } from './errors.js';
import { readJsonText } from './json-body.js';
import { callProcedure, type Procedure, parseJson } from './procedures.js';
import { splitTarget } from './request-target.js';
import { createRoute, type Route } from './routes.js';
import { RETRY_AFTER_SECONDS, sendJson } from './send.js';

/** Most calls in one batch. */
const BATCH_SIZE_MAX = 25;

/** What decides whether a call is answered by a stream. */
const STREAM_VARY = 'trpc-accept, accept';

/** tRPC's own would replace CORS's. */
const VARY = `${STREAM_VARY}, Origin`;

/** Serves the router's procedures under `/trpc`, each call or batch of calls a request. */
export function trpcRoutes(router: AppRouter, ports: Ports, procedures: readonly Procedure[], logger: Logger): Route[] {
  const handleCall = createAdapter(router, logger);
  const handleBatch = createAdapter(createBatchRouter(ports), logger);
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
  const calls = procedures.map((procedure) => {
    const { name, type, needsDatabase } = procedure;
    const answer = answerCall(router, procedure, logger);
    const handleOne: RequestHandler = (request, response, next) =>
      (asksForStream(request) ? handle : answer)(request, response, next);
    const POST = [readJsonText, handleOne];
    return createRoute(`/trpc/${name}`, type === 'query' ? { GET: [handleOne], POST } : { POST }, {
      needsDatabase: () => needsDatabase,
      spanName: name,
    });
  });
  const others = { GET: [handle], POST: [readJsonText, handle] };
  return [...calls, { pattern: /^\/trpc\/[^/]+$/, handlers: others, match: createBatchMatch(procedures) }];
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
  return names.length > 1 && isFlaggedAsBatch(new URLSearchParams(query));
}

function isFlaggedAsBatch(parameters: URLSearchParams): boolean {
  return parameters.get('batch') === '1';
}

function asksForStream({ headers }: Request): boolean {
  return headers['trpc-accept'] !== undefined || headers.accept?.includes('application/jsonl') === true;
}

/**
 * Answers a call alone or in a batch of one, in the envelope of https://trpc.io/docs/rpc. tRPC's adapter makes a `Request` of
 * the message and streams a `Response` back, which costs more than the call.
 */
function answerCall(router: AppRouter, procedure: Procedure, logger: Logger): RequestHandler {
  const { name, type } = procedure;
  const { _config: config } = router._def;
  return async (request, response) => {
    const caller = callerOf(response);
    const parameters = new URLSearchParams(splitTarget(request.url).query);
    const isList = isFlaggedAsBatch(parameters);
    const send = (answer: object) => {
      // The answer of a client that has left costs as much as any other.
      if (!caller.signal.aborted) sendJson(response, isList ? [answer] : answer);
    };
    response.headerList.push('Vary', STREAM_VARY);
    try {
      const data = await callProcedure(router, procedure, () => readInput(request, parameters, isList), caller);
      if (isStream(data)) throw streamOnly(name);
      const version = versionOf(data);
      if (version !== undefined) response.headerList.push('ETag', `"${version}"`);
      send({ result: { data } });
    } catch (cause) {
      const error = getTRPCErrorFromUnknown(cause);
      const apiError = toApiError(error);
      reportError(logger, apiError);
      response.statusCode = apiError.status;
      send({ error: getTRPCErrorShape({ config, error, type, path: name, input: undefined, ctx: { caller } }) });
    }
  };
}

/** The input of a call: of a GET in its query, of a POST in its body. A batch has an object of inputs, by their place. */
function readInput({ method, body }: Request, parameters: URLSearchParams, isList: boolean): unknown {
  const text: string | null = method === 'POST' ? body : parameters.get('input');
  if (text === null || text === '') return undefined;
  const input = parseJson(text);
  if (!isList) return input;
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    const message = `Les entrées d’un lot sont un objet, par leur place ({"0": …}), reçu : ${describeValue(input)}.`;
    throw new ApiError('BAD_REQUEST', { message });
  }
  return (input as { readonly 0?: unknown })[0];
}

function isStream(data: unknown): boolean {
  return typeof data === 'object' && data !== null && Symbol.asyncIterator in data;
}

/** tRPC's own adapter, for batches of several calls, streams, and paths that are no procedure's plain name. */
function createAdapter(router: AppRouter, logger: Logger): RequestHandler {
  const handle = createExpressMiddleware({
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
  return (request, response, next) => {
    prepareForAdapter(request);
    handle(request, response, next);
  };
}

function versionIn(answer: object): string | undefined {
  const { result } = answer as { readonly result?: { readonly data?: unknown } };
  return versionOf(result?.data);
}

function prepareForAdapter(request: Request): void {
  // The adapter answers HEAD with 204 and calls nothing; Node.js leaves the body out of a HEAD by itself.
  if (request.method === 'HEAD') request.method = 'GET';
  // The adapter refuses a GET that has a Content-Type and no body.
  if (request.method === 'GET') delete request.headers['content-type'];
  // The adapter knows one of JSON's media types only; the body has been read by now.
  else if (request.headers['content-type'] !== undefined) request.headers['content-type'] = 'application/json';
  // The adapter makes a URL of the Host header, which may be malformed.
  request.headers.host = 'localhost';
}
