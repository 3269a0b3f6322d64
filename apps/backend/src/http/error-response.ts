import { ApiError, type ErrorCode, errorCatalogue, toApiError, toErrorBody } from '@products/api-contract/server';
import { currentTrace, type Logger, recordRequestError } from '@products/telemetry';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';

/** When a client may try again after a 503. */
export const RETRY_AFTER_SECONDS = '2';

/** Logs an error once, and records on the request's span what is the service's own fault. */
export function reportError(logger: Logger, error: ApiError): void {
  const { code, message, details } = error;
  if (code === 'CLIENT_CLOSED_REQUEST') return;
  if (errorCatalogue[code].status < 500) {
    logger.warning(`Requête refusée: ${message}`, { code, issues: details.issues });
    return;
  }
  const cause = error.cause ?? error;
  logger.error(`Erreur: ${message}`, { code, error: cause });
  recordRequestError(cause);
}

/** Answers what no route took. */
export const notFound: RequestHandler = ({ path }) => {
  throw new ApiError('NOT_FOUND', { message: `Aucune route ne correspond à ${path}.`, details: { path } });
};

/** Answers an error in JSON, wherever it was raised: in a procedure, in Express, in a body parser. */
export function answerErrors(
  logger: Logger,
  answerDoor: (error: ApiError, response: Response) => void,
): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    const apiError = fromHttpLibraries(error) ?? toApiError(error);
    reportError(logger, apiError);
    if (response.headersSent || response.closed) {
      response.destroy();
      return;
    }
    const { status } = errorCatalogue[apiError.code];
    response.status(status);
    if (status === 503) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    answerDoor(apiError, response);
  };
}

export function sendErrorBody(error: ApiError, response: Response): void {
  response.json(toErrorBody(error, currentTrace()?.trace_id ?? null));
}

const codeOfStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'BAD_REQUEST',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

/** Express and its parsers raise errors with a `status` (https://expressjs.com/en/5x/api.html, body-parser's errors). */
function fromHttpLibraries(error: unknown): ApiError | undefined {
  if (!(error instanceof Error) || error instanceof ApiError || !('status' in error)) return undefined;
  if ('type' in error && error.type === 'request.aborted')
    return new ApiError('CLIENT_CLOSED_REQUEST', { cause: error });
  const code = codeOfStatus[Number(error.status)];
  return code === undefined ? undefined : new ApiError(code, { cause: error });
}
