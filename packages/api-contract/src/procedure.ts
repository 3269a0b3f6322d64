import { initTRPC, type TRPCError } from '@trpc/server';
import { TRPC_ERROR_CODES_BY_KEY, type TRPCErrorShape } from '@trpc/server/rpc';
import type { ProcedureContext } from './caller.js';
import { describeValue } from './describe-value.js';
import { ApiError, type ErrorBody, type ErrorTrace, toApiError, toErrorBody } from './errors.js';
import type { ProcedureMeta } from './procedure-meta.js';

/** `data` of a tRPC error: the body that REST would answer, and the procedure that failed. */
export interface ErrorData extends ErrorBody {
  readonly httpStatus: number;
  /** The procedure; absent when the request reached none. */
  readonly procedure?: string;
}

/** The result of tRPC's `next()`, which never throws. */
type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: Error };

/** Runs a procedure in its own trace span. */
export type InProcedureSpan = <T extends Outcome>(path: string, run: () => Promise<T>) => Promise<T>;

/** An error in tRPC's envelope; its `code` is JSON-RPC 2.0's (https://www.jsonrpc.org/specification#error_object). */
export type ErrorShape = TRPCErrorShape<ErrorData>;

/** @param procedure its path; undefined when the request reached none */
export function toErrorShape(error: ApiError, trace: ErrorTrace, procedure?: string): ErrorShape {
  const data = {
    ...toErrorBody(error, trace),
    httpStatus: error.status,
    ...(procedure === undefined ? {} : { procedure }),
  };
  return { code: TRPC_ERROR_CODES_BY_KEY[error.code], message: error.message, data };
}

/**
 * tRPC with the meta and error shape of this API.
 *
 * @param describeTrace asked for each error, as some happen before there is a context
 * @param inProcedureSpan for the procedures of a batch; a procedure called alone is described by the request's span
 */
export function createProcedures(describeTrace: () => ErrorTrace, inProcedureSpan: InProcedureSpan | undefined) {
  const t = initTRPC
    .context<ProcedureContext>()
    .meta<ProcedureMeta>()
    .create({
      // Unless NODE_ENV is "production", tRPC would put the stack into every error.
      isDev: false,
      errorFormatter: ({ error, path }): ErrorShape =>
        toErrorShape(describeTrpcError(error, path) ?? toApiError(error), describeTrace(), path),
    });
  let procedure = t.procedure;
  if (inProcedureSpan !== undefined) procedure = procedure.use(({ path, next }) => inProcedureSpan(path, () => next()));
  return { router: t.router, procedure };
}

/** The errors that tRPC itself raises, with a message that names the procedure. */
function describeTrpcError(error: TRPCError, path: string | undefined): ApiError | undefined {
  if (error instanceof ApiError) return undefined;
  if (error.code === 'NOT_FOUND') {
    return new ApiError('NOT_FOUND', { message: `Aucune procédure ne s’appelle ${describeValue(path)}.` });
  }
  if (error.code === 'UNSUPPORTED_MEDIA_TYPE') {
    return streamOnly(path);
  }
  return undefined;
}

/** @param path of a procedure that was called for a single answer */
export function streamOnly(path = 'Cette procédure'): ApiError {
  return new ApiError('UNSUPPORTED_MEDIA_TYPE', {
    message: `${path} répond par un flux : à appeler avec httpBatchStreamLink.`,
  });
}

export type Procedures = ReturnType<typeof createProcedures>;
