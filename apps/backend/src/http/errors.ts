import { ApiError, type ErrorTrace, toApiError, toErrorBody, toErrorShape } from '@products/api-contract/server';
import { currentTrace, type Logger, recordError } from '@products/telemetry';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { AppResponse } from './response.js';
import { sendJson } from './send.js';

/**
 * Answers an error: as the body of REST, or in tRPC's envelope under `/trpc/`. Runs in the context of the request, whose
 * trace the error names.
 *
 * @param status instead of the error's own
 */
export type SendError = (response: AppResponse, error: ApiError, status?: number) => void;

export function createSendError(describeTrace: () => ErrorTrace): SendError {
  return (response, error, status = error.status) => {
    const trace = describeTrace();
    const isTrpc = response.req.url?.startsWith('/trpc/') === true;
    response.statusCode = status;
    sendJson(response, isTrpc ? { error: toErrorShape(error, trace) } : toErrorBody(error, trace));
  };
}

/** @param traceUrl a template with `{trace_id}`, if traces can be looked at */
export function createDescribeTrace(traceUrl: string | undefined): () => ErrorTrace {
  return () => {
    const trace_id = currentTrace()?.trace_id ?? null;
    if (traceUrl === undefined || trace_id === null) return { trace_id };
    return { trace_id, trace_url: traceUrl.replaceAll('{trace_id}', trace_id) };
  };
}

/** Logs an error once, and records on the request's span that it failed. */
export function reportError(logger: Logger, error: ApiError): void {
  const { code, message, status, details } = error;
  if (code === 'CLIENT_CLOSED_REQUEST') return;
  if (status < 500) {
    logger.warning('request_refused', { code, reason: message, issues: details.issues });
    return;
  }
  // What the client is told of a defect says nothing to the operator.
  const reason = code === 'INTERNAL_SERVER_ERROR' && error.cause instanceof Error ? error.cause.message : message;
  logger.error('request_failed', { code, reason, error: error.cause ?? error });
  recordFailure(error);
}

/** Records a 5xx on the active span; a client's error is no failure of the service. */
export function recordFailure(error: ApiError): void {
  if (error.status >= 500) recordError(error.cause ?? error);
}

/** Answers a path that no route has. A preflight passes, so that the script can read the 404 itself. */
export const notFound: RequestHandler = ({ method, path, headers }, response) => {
  if (method === 'OPTIONS' && headers['access-control-request-method'] !== undefined) {
    response.status(204).end();
    return;
  }
  throw new ApiError('NOT_FOUND', { message: `Aucune route ne correspond à ${path}.`, details: { path } });
};

/** Answers an error wherever it was raised: in a procedure, in Express, in a body parser. */
export function answerErrors(logger: Logger, sendError: SendError): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    const apiError = fromExpress(error) ?? toApiError(error);
    reportError(logger, apiError);
    // A client that has a part of the answer must not take it for the whole.
    if (response.headersSent || response.closed) response.destroy(apiError);
    else sendError(response, apiError);
  };
}

/** Express's own error: a path that cannot be percent-decoded. */
function fromExpress(error: unknown): ApiError | undefined {
  return error instanceof URIError && 'status' in error
    ? new ApiError('BAD_REQUEST', { message: 'Le chemin ne peut être décodé.', cause: error })
    : undefined;
}
