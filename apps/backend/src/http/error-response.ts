import type { ServerResponse } from 'node:http';
import { ApiError, errorCatalogue, toApiError, toErrorBody } from '@products/api-contract/server';
import { currentTrace, type Logger, recordError } from '@products/telemetry';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { sendJson } from './send.js';

/** When a client may try again after a 503. */
export const RETRY_AFTER_SECONDS = '2';

/** Logs an error once, and records on the request's span that it failed. */
export function reportError(logger: Logger, error: ApiError): void {
  const { code, message, details } = error;
  if (code === 'CLIENT_CLOSED_REQUEST') return;
  if (errorCatalogue[code].status < 500) {
    logger.warning('request_refused', { code, reason: message, issues: details.issues });
    return;
  }
  logger.error('request_failed', { code, reason: message, error: error.cause ?? error });
  recordFailure(error);
}

/** Records on the active span an error that is the service's own fault; a client's is none. */
export function recordFailure(error: ApiError): void {
  if (errorCatalogue[error.code].status >= 500) recordError(error.cause ?? error);
}

/** Answers what no route took. A browser's preflight is let pass, so that the script gets to read the 404 itself. */
export const notFound: RequestHandler = ({ method, path, headers }, response) => {
  if (method === 'OPTIONS' && headers['access-control-request-method'] !== undefined) {
    response.status(204).end();
    return;
  }
  throw new ApiError('NOT_FOUND', { message: `Aucune route ne correspond à ${path}.`, details: { path } });
};

/** Answers an error in JSON, wherever it was raised: in a procedure, in Express, in a body parser. */
export function answerErrors(
  logger: Logger,
  answerDoor: (error: ApiError, request: Request, response: Response) => void,
): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const apiError = fromExpress(error) ?? toApiError(error);
    reportError(logger, apiError);
    if (response.headersSent || response.closed) {
      // The client has a part of the answer: it must not take it for the whole.
      response.destroy(apiError);
      return;
    }
    const { status } = errorCatalogue[apiError.code];
    response.status(status);
    if (status === 503) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    answerDoor(apiError, request, response);
  };
}

/** @param traceId of the request, where its span is not the active one */
export function sendErrorBody(
  error: ApiError,
  response: ServerResponse,
  traceId = currentTrace()?.trace_id ?? null,
): void {
  sendJson(response, toErrorBody(error, traceId));
}

/** What Express raises itself: a path that cannot be percent-decoded. */
function fromExpress(error: unknown): ApiError | undefined {
  return error instanceof URIError && 'status' in error
    ? new ApiError('BAD_REQUEST', { message: 'Le chemin ne peut être décodé.', cause: error })
    : undefined;
}
