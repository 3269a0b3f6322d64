// Every span of the service: docs/telemetry-reference.md is made from this, and so are the spans.

import { productAttributes, productSpans } from './products.js';
import { failureAttributes, statement } from './statement.js';

/** Paths that monitoring polls: not traced, logged at DEBUG. */
export const monitoringPaths: ReadonlySet<string> = new Set(['/metrics', '/livez', '/readyz']);

export interface Attribute {
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

/** What a request is about. */
const idAttributes = { ...productAttributes } as const satisfies Record<string, Attribute>;

export type IdAttribute = keyof typeof idAttributes;

const idAttributeNames = Object.keys(idAttributes) as IdAttribute[];

/** OpenTracing's tags, which the Flask service had, beside today's stable semantic conventions. */
export const spanAttributes = {
  'http.method': { type: 'string', description: 'method of the request (OpenTracing)' },
  'http.url': { type: 'string', description: 'URL of the request, secret parameters redacted (OpenTracing)' },
  'http.status_code': {
    type: 'integer',
    description: 'status of the response; 499 when the client left (OpenTracing)',
  },
  'http.request.method': { type: 'string', description: 'method of the request, `_OTHER` when unknown' },
  'http.request.method_original': { type: 'string', description: 'method of the request, when it is unknown' },
  'http.response.status_code': { type: 'integer', description: 'status of the response; 499 when the client left' },
  'http.route': { type: 'string', description: 'template that the path matched: `/products/:id`' },
  'url.scheme': { type: 'string', description: '`http`' },
  'url.path': { type: 'string', description: 'path of the URL' },
  'url.query': { type: 'string', description: 'query of the URL, secret parameters redacted' },
  'server.address': { type: 'string', description: 'host that the client called; of a statement, the database server' },
  'server.port': { type: 'integer', description: 'port that the client called; of a statement, the database server’s' },
  'client.address': { type: 'string', description: 'the client, as a proxy in front names it' },
  'network.peer.address': { type: 'string', description: 'address of the other end of the connection' },
  'network.peer.port': { type: 'integer', description: 'port of the other end of the connection' },
  'network.protocol.version': { type: 'string', description: '`1.1`' },
  'user_agent.original': { type: 'string', description: 'header `User-Agent`' },
  'db.type': { type: 'string', description: '`sql` (OpenTracing)' },
  'db.statement': { type: 'string', description: 'text of the statement, never with values (OpenTracing)' },
  'db.system.name': { type: 'string', description: '`postgresql`' },
  'db.namespace': { type: 'string', description: 'name of the database' },
  'db.query.text': { type: 'string', description: 'text of the statement, never with values' },
  'db.operation.name': { type: 'string', description: '`SELECT`, `INSERT`, `UPDATE`, `DELETE`' },
  'db.collection.name': { type: 'string', description: 'table' },
  'db.response.status_code': { type: 'string', description: 'SQLSTATE of a failure' },
  ...idAttributes,
  error: { type: 'boolean', description: '`true` on failure (OpenTracing)' },
  'error.type': { type: 'string', description: 'class of the error, or status of the response' },
} as const satisfies Record<string, Attribute>;

export type SpanAttribute = keyof typeof spanAttributes;

interface SpanContract {
  readonly kind: 'SERVER' | 'CLIENT' | 'INTERNAL';
  readonly description: string;
  /** Its name, where that is not its key here. */
  readonly name?: string;
  readonly attributes: readonly SpanAttribute[];
  readonly optionalAttributes: readonly SpanAttribute[];
}

export interface QuerySpanContract extends SpanContract {
  readonly operation: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
  /** Undefined for a statement that reads no table. */
  readonly table?: string;
}

/** The spans of SQL statements. */
export const querySpans = {
  ...productSpans,
  db_health_check: { ...statement, description: 'the check of `/health`', operation: 'SELECT' },
} as const satisfies Record<string, QuerySpanContract>;

export type QuerySpanName = keyof typeof querySpans;

export const spans = {
  request: {
    kind: 'SERVER',
    name: '`GET /products/:id`, `products.byId`, `/trpc/(batch)`; the method alone for no route',
    description: 'a request, its parent taken from the caller; none for `/metrics`, `/livez` and `/readyz`',
    attributes: [
      'http.method',
      'http.url',
      'http.status_code',
      'http.request.method',
      'http.response.status_code',
      'url.scheme',
      'url.path',
      'server.address',
      'network.peer.address',
      'network.peer.port',
      'network.protocol.version',
    ],
    optionalAttributes: [
      'http.route',
      'http.request.method_original',
      'url.query',
      'server.port',
      'client.address',
      'user_agent.original',
      ...idAttributeNames,
      ...failureAttributes,
    ],
  },
  procedure: {
    kind: 'INTERNAL',
    name: '`products.list`',
    description: 'a procedure inside a batch',
    attributes: [],
    optionalAttributes: [...idAttributeNames, ...failureAttributes],
  },
  simulate_slow_operation: {
    kind: 'INTERNAL',
    description: 'the wait of `/slow`',
    attributes: [],
    optionalAttributes: [],
  },
  ...querySpans,
} as const satisfies Record<string, SpanContract>;

/** Attributes of the resource. */
export const resourceAttributes = {
  'service.name': '`OTEL_SERVICE_NAME`, `JAEGER_SERVICE_NAME`',
  'service.version': 'version of the service',
  'service.instance.id': 'UUID of the process',
  'telemetry.sdk.language': '`nodejs`',
  'telemetry.sdk.name': '`opentelemetry`',
  'telemetry.sdk.version': 'version of the OpenTelemetry SDK',
} as const;
