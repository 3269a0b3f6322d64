import {
  type ErrorCode,
  errorCatalogue,
  errorSchemas,
  type ResponseSchemaName,
  type RestContent,
  type RestRoute,
  requestSchemas,
  responseSchemas,
  tags,
} from '@products/api-contract/server';
import { version } from '@products/telemetry';
import { z } from 'zod';
import { descriptions } from './api-description.js';
import type { Language } from './language.js';
import { isRest, type JsonSchema, type Procedure, parameterOf, type RestProcedure, sourceOf } from './procedures.js';

type Json = Readonly<Record<string, unknown>>;

const EXAMPLE_TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

const headers = {
  traceresponse: {
    description: 'The request’s trace (W3C Trace Context)',
    schema: { type: 'string', pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' },
  },
  Link: {
    description: 'The next page, while there is one (RFC 8288)',
    schema: { type: 'string' },
    example: '</products?limit=3&after=3>; rel="next"',
  },
  Location: { description: 'Where the created product is', schema: { type: 'string' }, example: '/products/11' },
  ETag: { description: 'The version of the product, for `If-Match`', schema: { type: 'string' }, example: '"1234"' },
  'Server-Timing': {
    description: 'The same, as browser agents read it (https://www.w3.org/TR/server-timing/)',
    schema: { type: 'string' },
  },
  'Retry-After': { description: 'Seconds to wait before the next try', schema: { type: 'string' } },
} as const;

const headerReferences = (...names: (keyof typeof headers)[]): Json =>
  Object.fromEntries(
    ['traceresponse' as const, 'Server-Timing' as const, ...names].map((name) => [
      name,
      { $ref: `#/components/headers/${name}` },
    ]),
  );

/**
 * The REST side as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), generated from the router once for all
 * languages.
 */
export function describeApi(
  procedures: readonly Procedure[],
  publicUrl: string | undefined,
): (language: Language) => Json {
  const routed = procedures.filter(isRest);
  const paths: Record<string, Record<string, Json>> = {};
  for (const procedure of routed) {
    const { method, path } = procedure.rest;
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(procedure) };
  }
  const document = {
    servers: [{ url: publicUrl ?? '/' }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths: { ...paths, ...monitoringPaths },
    components: {
      schemas: {
        ...componentsOf({ ...responseSchemas, ...errorSchemas }, 'output'),
        ...componentsOf(requestSchemas, 'input'),
        ...monitoringSchemas,
      },
      responses: Object.fromEntries(
        [...new Set<ErrorCode>(['SERVICE_UNAVAILABLE', ...routed.flatMap(errorsOf)])].map((code) => [
          responseNameOf(code),
          describeError(code),
        ]),
      ),
      headers,
    },
  };
  return (language) => ({
    openapi: '3.1.1',
    info: {
      title: 'Products API',
      version,
      description: descriptions[language],
      license: { name: 'ISC', identifier: 'ISC' },
    },
    ...document,
  });
}

function errorsOf({ needsDatabase, rest: { errors } }: RestProcedure): ErrorCode[] {
  return [
    ...new Set<ErrorCode>([
      ...errors,
      'INTERNAL_SERVER_ERROR',
      ...(needsDatabase ? ['SERVICE_UNAVAILABLE' as const] : []),
    ]),
  ];
}

function describeOperation(procedure: RestProcedure): Json {
  const { name, rest, inputFields } = procedure;
  const { success } = rest;
  const parameters = Object.entries(inputFields).flatMap(([field, schema]) => {
    const source = sourceOf(rest, field);
    if (source === 'body') return [];
    // No URL spells null.
    const { description, anyOf: _, ...rules } = schema;
    return [{ name: parameterOf(rest, field), in: source, required: source === 'path', description, schema: rules }];
  });
  return {
    operationId: name,
    tags: [rest.tag],
    summary: rest.summary,
    description: rest.description,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(rest.body === undefined ? {} : { requestBody: describeBody(rest.body) }),
    responses: {
      ...(success === null ? {} : describeSuccess(success)),
      ...Object.fromEntries(
        errorsOf(procedure).map((code) => [
          errorCatalogue[code].status,
          { $ref: `#/components/responses/${responseNameOf(code)}` },
        ]),
      ),
    },
  };
}

function describeBody(name: keyof typeof requestSchemas): Json {
  const example = exampleOf(z.toJSONSchema(requestSchemas[name], { io: 'input', unrepresentable: 'any' }));
  return {
    required: true,
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` }, example } },
  };
}

function describeSuccess(success: NonNullable<RestRoute['success']>): Json {
  if (success.status === 204) return { 204: { description: 'No Content', headers: headerReferences() } };
  const { status, schema, hasVersion, location, nextPage, links, statusWhen } = success;
  const extraHeaders = headerReferences(
    ...(hasVersion ? ['ETag' as const] : []),
    ...(location === undefined ? [] : ['Location' as const]),
    ...(nextPage === undefined ? [] : ['Link' as const]),
  );
  return {
    [status]: {
      ...describeJson(status === 201 ? 'Created' : 'OK', schema, extraHeaders),
      ...(links === undefined ? {} : { links: describeLinks(links) }),
    },
    ...(statusWhen === undefined
      ? {}
      : { [statusWhen.status]: describeJson('Degraded', statusWhen.schema, headerReferences('Retry-After')) }),
  };
}

function describeLinks(links: NonNullable<RestContent['links']>): Json {
  return Object.fromEntries(
    Object.entries(links).map(([name, { procedure, parameters }]) => [name, { operationId: procedure, parameters }]),
  );
}

function describeJson(description: string, schema: ResponseSchemaName, responseHeaders: Json): Json {
  return {
    description,
    headers: responseHeaders,
    content: {
      'application/json': {
        schema: { $ref: `#/components/schemas/${schema}` },
        example: exampleOf(z.toJSONSchema(responseSchemas[schema])),
      },
    },
  };
}

/** `BAD_REQUEST` is `BadRequest` in the clients that are generated. */
function responseNameOf(code: ErrorCode): string {
  return code.toLowerCase().replaceAll(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase());
}

function describeError(code: ErrorCode): Json {
  const { status, error, message } = errorCatalogue[code];
  return {
    description: error,
    headers: status === 503 ? headerReferences('Retry-After') : headerReferences(),
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/ErrorBody' },
        example: { error, code, message, trace_id: EXAMPLE_TRACE_ID },
      },
    },
  };
}

/** Schemas by their names; one within another is a reference. */
function componentsOf(schemas: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const rendered = z.toJSONSchema(registry, { io, unrepresentable: 'any', uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(rendered.schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
  );
}

/** A value made of the examples that the fields of a schema give. */
function exampleOf(schema: JsonSchema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.examples !== undefined) return schema.examples[0];
  if (schema.type === 'array') return [exampleOf(schema.items as JsonSchema)];
  const fields = Object.entries(schema.properties ?? {}) as [string, JsonSchema][];
  return Object.fromEntries(fields.map(([name, field]) => [name, exampleOf(field)]));
}

const monitoringSchemas = {
  ProbeUp: {
    type: 'object',
    description: 'The process is up, or ready',
    properties: { status: { type: 'string', const: 'UP' } },
    required: ['status'],
    additionalProperties: false,
  },
  Landing: {
    type: 'object',
    description: 'What the service is, and where to go on',
    properties: {
      service: { type: 'string', examples: ['backend'] },
      version: { type: 'string', examples: ['1.0.0'] },
      revision: { type: 'string', description: 'Of the source, when it is known' },
      links: {
        type: 'object',
        description: 'Of routes of the service; `traces`: where traces are shown, when that is known',
        additionalProperties: { type: 'string' },
      },
      example: { type: 'string', examples: ['curl -i http://localhost:5000/products/1'] },
    },
    required: ['service', 'version', 'links', 'example'],
    additionalProperties: false,
  },
  OpenApiDocument: { type: 'object', description: 'An OpenAPI document (https://spec.openapis.org/oas/v3.1.1)' },
} as const;
const up = { $ref: '#/components/schemas/ProbeUp' };

const monitoringOperation = (
  operationId: string,
  summary: string,
  type: string,
  schema: Json,
  errors: Json = {},
): Json => ({
  get: {
    operationId,
    tags: ['monitoring'],
    summary,
    responses: {
      200: { description: 'OK', headers: headerReferences(), content: { [type]: { schema } } },
      ...errors,
    },
  },
});

/** The routes beside the router's. */
const monitoringPaths = {
  '/': monitoringOperation('landing', 'What the service is; a page for browsers', 'application/json', {
    $ref: '#/components/schemas/Landing',
  }),
  '/livez': monitoringOperation('livez', 'Is the process up?', 'application/json', up),
  '/readyz': monitoringOperation('readyz', 'May the service get traffic?', 'application/json', up, {
    503: { $ref: `#/components/responses/${responseNameOf('SERVICE_UNAVAILABLE')}` },
  }),
  '/metrics': monitoringOperation('metrics', 'Prometheus metrics', 'text/plain', { type: 'string' }),
  '/openapi.json': monitoringOperation('openapi', 'This document', 'application/json', {
    $ref: '#/components/schemas/OpenApiDocument',
  }),
  '/docs': monitoringOperation('docs', 'This document as a page', 'text/html', { type: 'string' }),
};
