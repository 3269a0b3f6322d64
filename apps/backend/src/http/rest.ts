import type { AppRouter } from '@products/api-contract';
import { type ApiError, invalidInput, type RestRoute, toApiError, versionOf } from '@products/api-contract/server';
import type { Request, RequestHandler, Response } from 'express';
import { callerOf } from './caller.js';
import { readJsonText } from './json-body.js';
import {
  callProcedure,
  hasBody,
  isRest,
  type Procedure,
  parameterOf,
  parseJson,
  type RestProcedure,
  sourceOf,
} from './procedures.js';
import { createRoute, type Method, type Route } from './routes.js';
import { sendHead, sendJson, sendPages } from './send.js';

/**
 * The REST routes of the procedures, as their meta declares them.
 *
 * @param publicUrl before the paths that responses name
 */
export function restRoutes(router: AppRouter, procedures: readonly Procedure[], publicUrl: string): Route[] {
  const byPath = Map.groupBy(procedures.filter(isRest), ({ rest: { path } }) => path);
  return [...byPath].map(([path, served]) => {
    const handlers = Object.fromEntries(
      served.map((procedure) => [procedure.rest.method, handle(router, procedure, publicUrl)]),
    );
    const needsDatabase = (method: Method) =>
      served.some((procedure) => procedure.rest.method === method && procedure.needsDatabase);
    // `/products/{id}` is `/products/:id` to Express.
    return createRoute(path.replaceAll(/\{(\w+)\}/g, ':$1'), handlers, { needsDatabase });
  });
}

function handle(router: AppRouter, procedure: RestProcedure, publicUrl: string): RequestHandler[] {
  const { type, rest } = procedure;
  const { stream } = rest;
  const readInput = compileInput(procedure);
  const sendOutput = compileOutput(procedure, publicUrl);
  const answer = async (request: Request, response: Response) => {
    const input = hasBody(rest) ? withFields(parseJson(request.body), readInput(request)) : readInput(request);
    const caller = callerOf(response);
    if (stream !== undefined && isAbsent(input, stream.whenAbsent)) {
      const pages = (await callProcedure(
        router,
        { name: stream.procedure, type },
        () => input,
        caller,
      )) as AsyncIterable<readonly unknown[]>;
      if (request.method === 'HEAD') await sendHead(response, pages);
      else await sendPages(response, pages, caller.signal);
    } else {
      const output = await callProcedure(router, procedure, () => input, caller);
      // The answer of a client that has left costs as much as any other.
      if (!caller.signal.aborted) sendOutput(request, response, output);
    }
  };
  const handler: RequestHandler = (request, response) =>
    answer(request, response).catch((error: unknown) => {
      throw explainParameters(toApiError(error), request, rest);
    });
  return hasBody(rest) ? [readJsonText, handler] : [handler];
}

function isAbsent(input: unknown, field: string): boolean {
  return (input as Readonly<Record<string, unknown>>)[field] === undefined;
}

/** The fields of the body and those beside it; a body that is no object has none, and is for the schema to refuse. */
function withFields(body: unknown, fields: Readonly<Record<string, unknown>>): unknown {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body, ...fields } : body;
}

/** Names the parameters of the request in place of the fields of the input, and the path where a part of it is malformed. */
function explainParameters(error: ApiError, request: Request, rest: RestRoute): ApiError {
  const { issues } = error.details;
  if (error.code !== 'BAD_REQUEST' || issues === undefined) return error;
  const named = issues.map(({ path, message }) => ({ path: parameterOf(rest, path), message }));
  const isOfPath = named.some(({ path }) => path in request.params);
  return invalidInput(named, error.cause, isOfPath ? { path: request.path } : {});
}

/**
 * Reads the fields of the input that are not in the body: numbers of path and query become numbers, any other text is for the
 * schema to refuse.
 */
function compileInput({ inputFields, rest }: RestProcedure): (request: Request) => Record<string, unknown> {
  const fields = Object.entries(inputFields).flatMap(([field, { type }]) => {
    const source = sourceOf(rest, field);
    if (source === 'body') return [];
    const parameter = parameterOf(rest, field);
    return [{ field, isHeader: source === 'header', parameter, isInteger: type === 'integer' }];
  });
  return ({ params, query, headers }) => {
    const input: Record<string, unknown> = {};
    for (const { field, isHeader, parameter, isInteger } of fields) {
      const text: unknown = isHeader ? headers[parameter.toLowerCase()] : (params[parameter] ?? query[parameter]);
      input[field] = isInteger && typeof text === 'string' ? readInteger(text) : text;
    }
    return input;
  };
}

/** A decimal integer as JSON writes it becomes a number; any other text stays. */
function readInteger(text: string): number | string {
  return /^-?(?:0|[1-9]\d*)$/.test(text) ? Number(text) : text;
}

/** Sends what a procedure gave, with the status and headers that its meta declares. */
function compileOutput(
  { rest, inputFields }: RestProcedure,
  publicUrl: string,
): (request: Request, response: Response, output: unknown) => void {
  const { success } = rest;
  if (success === null) {
    return () => {
      throw new Error('a procedure that never succeeds has succeeded');
    };
  }
  if (success.status === 204) return (_request, response) => void response.status(204).end();
  const { status, hasVersion, statusWhen, nextPage, location, bodyField } = success;
  const fillLocation = location === undefined ? undefined : compileTemplate(location);
  const parameters = Object.keys(inputFields).map((field) => parameterOf(rest, field));
  return (request, response, output) => {
    const fields = output as Readonly<Record<string, unknown>>;
    if (hasVersion) response.headerList.push('ETag', `"${versionOf(output)}"`);
    const isOther = statusWhen !== undefined && fields[statusWhen.field] === statusWhen.equals;
    response.status(isOther ? statusWhen.status : status);
    if (fillLocation !== undefined) response.headerList.push('Location', `${publicUrl}${fillLocation(fields)}`);
    const cursor = nextPage === undefined ? null : fields[nextPage.cursorField];
    if (nextPage !== undefined && cursor !== null) {
      const given = parameters.flatMap((name) =>
        typeof request.query[name] === 'string' ? [[name, request.query[name]]] : [],
      );
      const query = new URLSearchParams({ ...Object.fromEntries(given), [nextPage.parameter]: String(cursor) });
      response.headerList.push('Link', `<${publicUrl}${request.path}?${query}>; rel="next"`);
    }
    sendJson(response, bodyField === undefined ? output : fields[bodyField]);
  };
}

/** Makes the function that fills the names in braces with the fields of those names. */
function compileTemplate(template: string): (fields: Readonly<Record<string, unknown>>) => string {
  // The split alternates between text and a field's name.
  const parts = template.split(/[{}]/);
  return (fields) =>
    parts.map((part, index) => (index % 2 === 0 ? part : encodeURIComponent(String(fields[part])))).join('');
}
