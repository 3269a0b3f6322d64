import type { ErrorCode } from './errors.js';
import type { RequestSchemaName, ResponseSchemaName } from './named-schemas.js';
import type { tags } from './tags.js';

/** A path template as OpenAPI writes it: `/products/{id}`. */
export type RestPath = `/${string}`;

/** How the transports serve a procedure. */
export type ProcedureMeta = {
  /** Whether it waits for a connection of the pool: then it can fail with SERVICE_UNAVAILABLE, and is shed under overload. */
  readonly needsDatabase: boolean;
  /** null: the procedure has no REST route. */
  readonly rest: RestRoute | null;
};

/**
 * How a procedure is served as REST. Fields of its input that stand in the path, or that `headers` names, come from there; the
 * others come from the JSON body of a POST and a PATCH, and from the query string of a GET and a DELETE.
 */
export type RestRoute = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: RestPath;
  readonly summary: string;
  readonly description: string;
  readonly tag: keyof typeof tags;
  /** Fields of the input that are headers of the request, with the names of these. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a POST and a PATCH, the schema of its body. */
  readonly body?: RequestSchemaName;
  /** null: the procedure never succeeds. */
  readonly success: RestSuccess | null;
  /** The errors to expect, beside those that any request can meet and those of `needsDatabase`. */
  readonly errors: readonly ErrorCode[];
  /** Names of query parameters that are not those of their fields of the input. */
  readonly parameterNames?: Readonly<Record<string, string>>;
  /** The procedure that answers instead when this field of the input is absent: it yields arrays, sent as one. */
  readonly stream?: { readonly procedure: string; readonly whenAbsent: string };
};

/** 204: the answer has no body. */
type RestSuccess = { readonly status: 204 } | RestContent;

/** What an answer with a body has. */
export type RestContent = {
  readonly status: 200 | 201;
  readonly schema: ResponseSchemaName;
  /** Whether the version of the output is sent as `ETag`. */
  readonly hasVersion?: true;
  /** The field of the output that is sent as the body; without it, the whole output. */
  readonly bodyField?: string;
  /** The output field that, unless null, goes into a `Link: <…>; rel="next"` header (RFC 8288) as this query parameter. */
  readonly nextPage?: { readonly cursorField: string; readonly parameter: string };
  /** Other operations that the output leads to, with expressions for their parameters (OpenAPI's links). */
  readonly links?: Readonly<
    Record<string, { readonly procedure: string; readonly parameters: Readonly<Record<string, string>> }>
  >;
  /** Template of the `Location` header, filled from the output. */
  readonly location?: RestPath;
  /** Another status for outputs whose field has this value. */
  readonly statusWhen?: {
    readonly field: string;
    readonly equals: string;
    readonly status: 503;
    readonly schema: ResponseSchemaName;
  };
};
