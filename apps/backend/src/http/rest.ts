import type { AppRouter } from '@products/api-contract';
import { type Caller, malformedJson, type RestRoute } from '@products/api-contract/server';
import { callTRPCProcedure } from '@trpc/server';
import type { Request, RequestHandler, Response } from 'express';
import { callerOf } from './caller.js';
import { readJsonText } from './json-body.js';
import { isRest, type Procedure, type RestProcedure } from './procedures.js';
import { createRoute, type Method, type Route } from './routes.js';
import { sendHead, sendJson, sendPages } from './send.js';

/** The REST routes of the procedures, as their meta declares them. */
export function restRoutes(router: AppRouter, procedures: readonly Procedure[]): Route[] {
  const byPath = Map.groupBy(procedures.filter(isRest), ({ rest: { path } }) => path);
  return [...byPath].map(([path, served]) => {
    const handlers = Object.fromEntries(served.map((procedure) => [procedure.rest.method, handle(router, procedure)]));
    const needsDatabase = (method: Method) =>
      served.some((procedure) => procedure.rest.method === method && procedure.needsDatabase);
    // `/products/{id}` is `/products/:id` to Express.
    return createRoute(path.replaceAll(/\{(\w+)\}/g, ':$1'), handlers, { needsDatabase });
  });
}

function handle(router: AppRouter, { name, type, rest, inputFields }: RestProcedure): RequestHandler[] {
  const { method, stream } = rest;
  const call = (path: string, input: unknown, caller: Caller): Promise<unknown> =>
    callTRPCProcedure({
      router,
      path,
      type,
      ctx: { caller },
      getRawInput: async () => input,
      signal: caller.signal,
      batchIndex: 0,
    });
  const handler: RequestHandler = async (request, response) => {
    const input = method === 'POST' ? parseBody(request) : readInput(request, inputFields);
    const caller = callerOf(response);
    if (stream !== undefined && isAbsent(input, stream.whenAbsent)) {
      const pages = (await call(stream.procedure, input, caller)) as AsyncIterable<readonly unknown[]>;
      if (request.method === 'HEAD') await sendHead(response, pages);
      else await sendPages(response, pages, caller.signal);
    } else {
      const output = await call(name, input, caller);
      // The answer of a client that has left costs as much as any other.
      if (!caller.signal.aborted) sendOutput(request, response, rest, output);
    }
  };
  return method === 'POST' ? [readJsonText, handler] : [handler];
}

function isAbsent(input: unknown, field: string): boolean {
  return (input as Readonly<Record<string, unknown>>)[field] === undefined;
}

function parseBody(request: Request): unknown {
  try {
    return JSON.parse(request.body ?? '');
  } catch (cause) {
    throw malformedJson(cause);
  }
}

/** The fields of the input from path and query string; numbers become numbers, any other text is for the schema to refuse. */
function readInput(request: Request, inputFields: Procedure['inputFields']): Record<string, unknown> {
  const texts: Record<string, unknown> = { ...request.query, ...request.params };
  return Object.fromEntries(
    Object.entries(inputFields).map(([field, schema]) => {
      const text = texts[field];
      return [field, schema.type === 'integer' && typeof text === 'string' ? readInteger(text) : text];
    }),
  );
}

/** A decimal integer as JSON writes it becomes a number; any other text stays. */
function readInteger(text: string): number | string {
  return /^-?(?:0|[1-9]\d*)$/.test(text) ? Number(text) : text;
}

function sendOutput(request: Request, response: Response, { success }: RestRoute, output: unknown): void {
  if (success === null) throw new Error('a procedure that never succeeds has succeeded');
  const fields = output as Readonly<Record<string, unknown>>;
  const { statusWhen, nextPage, location, bodyField } = success;
  const isOther = statusWhen !== undefined && fields[statusWhen.field] === statusWhen.equals;
  response.status(isOther ? statusWhen.status : success.status);
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
