import { initTRPC, type TRPCError } from '@trpc/server';
import { describeValue } from './describe-value.js';
import { ApiError, type ErrorBody, errorCatalogue, toApiError, toErrorBody } from './errors.js';
import type { RestMeta } from './rest-meta.js';

/** `data` of a tRPC error: what REST answers as its body, and where it happened. */
export interface ErrorData extends ErrorBody {
  readonly httpStatus: number;
  /** The procedure; absent when the request reached none. */
  readonly procedure?: string;
}

/** How tRPC's middleware hands on the end of a procedure: it never throws. */
type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: Error };

/** Runs a procedure in a trace span of its own. */
export type InProcedureSpan = <T extends Outcome>(path: string, run: () => Promise<T>) => Promise<T>;

/**
 * tRPC with the meta and error shape of this API.
 *
 * @param currentTraceId asked for each error, as some happen before there is a context
 * @param inProcedureSpan for procedures that run several to a request; what comes alone is described by the request's span
 */
export function createProcedures(currentTraceId: () => string | null, inProcedureSpan: InProcedureSpan | undefined) {
  const t = initTRPC.meta<RestMeta>().create({
    // The stack would be in every error otherwise, unless NODE_ENV is "production".
    isDev: false,
    errorFormatter: ({ error, path, shape }) => {
      const apiError = describeOwnError(error, path) ?? toApiError(error);
      const data: ErrorData = {
        ...toErrorBody(apiError, currentTraceId()),
        httpStatus: errorCatalogue[apiError.code].status,
        ...(path === undefined ? {} : { procedure: path }),
      };
      return { code: shape.code, message: apiError.message, data };
    },
  });
  let procedure = t.procedure;
  if (inProcedureSpan !== undefined) procedure = procedure.use(({ path, next }) => inProcedureSpan(path, () => next()));
  return { router: t.router, procedure };
}

/** Errors that only tRPC itself raises, and whose words only it could know. */
function describeOwnError(error: TRPCError, path: string | undefined): ApiError | undefined {
  if (error instanceof ApiError) return undefined;
  if (error.code === 'NOT_FOUND') {
    return new ApiError('NOT_FOUND', { message: `Aucune procédure ne s’appelle ${describeValue(path)}.` });
  }
  if (error.code === 'UNSUPPORTED_MEDIA_TYPE') {
    const message = `${path ?? 'Cette procédure'} répond par un flux : à appeler avec httpBatchStreamLink.`;
    return new ApiError('UNSUPPORTED_MEDIA_TYPE', { message });
  }
  return undefined;
}

export type Procedures = ReturnType<typeof createProcedures>;
