import type { AppRouter } from '@products/api-contract';
import { ApiError, type RestRoute } from '@products/api-contract/server';
import { callTRPCProcedure } from '@trpc/server';
import type { Express, Request, RequestHandler, Response } from 'express';
import { RETRY_AFTER_SECONDS } from './error-response.js';
import { readJsonText } from './json-body.js';
import { listRoutes, type RoutedProcedure, type ServedProcedure } from './procedures.js';
import { type Handlers, serve } from './route.js';
import { sendJson, sendPages } from './send.js';

type RestMethod = RestRoute['method'];

/** Serves every procedure as its meta says, over Express's own routes. */
export function mountRest(app: Express, router: AppRouter): void {
  const routes = new Map<string, Handlers>();
  for (const procedure of listRoutes(router)) {
    const { method, path } = procedure.rest;
    const handler = handle(router, procedure);
    const handlers: Record<RestMethod, readonly RequestHandler[]> = { GET: [handler], POST: [readJsonText, handler] };
    routes.set(path, { ...routes.get(path), [method]: handlers[method] });
  }
  for (const [path, handlers] of routes) serve(app, expressPath(path), handlers);
}

/** `/products/{id}` is `/products/:id` to Express. */
export function expressPath(template: string): string {
  return template.replaceAll(/\{(\w+)\}/g, ':$1');
}

function handle(router: AppRouter, procedure: RoutedProcedure): RequestHandler {
  const { name, type, rest } = procedure;
  const call = (path: string, input: unknown, signal: AbortSignal): Promise<unknown> =>
    callTRPCProcedure({
      router,
      path,
      type,
      ctx: {},
      getRawInput: async () => input,
      signal,
      batchIndex: 0,
    });
  return async (request, response) => {
    const input = readInputOf[rest.method](request, procedure);
    const signal = abortedWith(response);
    const { whole } = rest;
    if (whole !== undefined && isAbsent(input, whole.without)) {
      const pages = await call(whole.procedure, input, signal);
      await sendPages(response, pages as AsyncIterable<readonly unknown[]>, signal);
    } else {
      sendOutput(request, response, rest, await call(name, input, signal));
    }
  };
}

function isAbsent(input: unknown, field: string): boolean {
  return (input as Readonly<Record<string, unknown>>)[field] === undefined;
}

/** Where the input of a procedure comes from. */
const readInputOf: Record<RestMethod, (request: Request, procedure: ServedProcedure) => unknown> = {
  GET: readInput,
  POST: parseBody,
};

function parseBody(request: Request): unknown {
  try {
    return JSON.parse(request.body ?? '');
  } catch (cause) {
    throw new ApiError('BAD_REQUEST', { message: 'Le JSON est mal formé.', cause });
  }
}

/** The fields of the input from path and query string; numbers become numbers, anything else is for the schema to refuse. */
function readInput(request: Request, { inputFields }: ServedProcedure): Record<string, unknown> {
  const texts: Record<string, unknown> = { ...request.query, ...request.params };
  return Object.fromEntries(
    Object.entries(inputFields).map(([field, schema]) => {
      const text = texts[field];
      return [field, schema.type === 'integer' && typeof text === 'string' ? readInteger(text) : text];
    }),
  );
}

/** A plain decimal integer, spelled as JSON spells it, as a number; any other text unchanged. */
function readInteger(text: string): number | string {
  return /^-?(?:0|[1-9]\d*)$/.test(text) ? Number(text) : text;
}

/** Aborted when the client leaves before the response is complete. */
function abortedWith(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

function sendOutput(request: Request, response: Response, { success }: RestRoute, output: unknown): void {
  if (success === null) throw new Error('a procedure that never succeeds has succeeded');
  const fields = output as Readonly<Record<string, unknown>>;
  const { unless, nextPage, location, bodyField } = success;
  const isUnless = unless !== undefined && fields[unless.field] === unless.is;
  response.status(isUnless ? unless.status : success.status);
  if (isUnless) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
  if (location !== undefined) response.setHeader('Location', fill(location, fields));
  const cursor = nextPage === undefined ? null : fields[nextPage.cursorField];
  if (nextPage !== undefined && cursor !== null) {
    const query = new URLSearchParams({ ...stringFields(request.query), [nextPage.parameter]: String(cursor) });
    response.setHeader('Link', `<${request.path}?${query}>; rel="next"`);
  }
  sendJson(response, bodyField === undefined ? output : fields[bodyField]);
}

function fill(template: string, fields: Readonly<Record<string, unknown>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, field: string) => encodeURIComponent(String(fields[field])));
}

function stringFields(query: Request['query']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
