import type { ErrorCode } from './errors.js';
import type { ResponseSchemaName } from './response-schemas.js';

/** A path template as OpenAPI writes it. */
export type RestPath = `/${string}`;

/**
 * How a procedure is served as REST. Fields of its input that stand in the path come from there; the others from the
 * query string of a GET and from the JSON body of a POST.
 */
export type RestMeta = {
  /** null: the procedure has no route of its own. */
  readonly rest: RestRoute | null;
};

export type RestRoute = {
  readonly method: 'GET' | 'POST';
  readonly path: RestPath;
  readonly summary: string;
  readonly description: string;
  readonly tag: 'products' | 'diagnostics' | 'monitoring';
  /** null: the procedure never succeeds. */
  readonly success: RestSuccess | null;
  /** The errors to expect, beside those that any request can meet. */
  readonly errors: readonly ErrorCode[];
  /**
   * The procedure that answers a request without this field of the input: what it yields are arrays, and the body is all of
   * them as one.
   */
  readonly whole?: { readonly procedure: string; readonly without: string };
};

type RestSuccess = {
  readonly status: 200 | 201;
  readonly schema: ResponseSchemaName;
  /** The field of the output that is sent as the body; without it, the whole output. */
  readonly bodyField?: string;
  /** The output field that, unless null, goes into a `Link: <…>; rel="next"` header (RFC 8288) as this query parameter. */
  readonly nextPage?: { readonly cursorField: string; readonly parameter: string };
  /** Template of the `Location` header, filled from the output. */
  readonly location?: RestPath;
  /** Another status for outputs whose field has this value. */
  readonly unless?: {
    readonly field: string;
    readonly is: string;
    readonly status: 503;
    readonly schema: ResponseSchemaName;
  };
};
