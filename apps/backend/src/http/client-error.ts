import { maxHeaderSize, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError, errorCatalogue, toErrorBody } from '@products/api-contract/server';
import type { Lifecycle } from '../lifecycle.js';
import { RETRY_AFTER_SECONDS, sendErrorBody } from './error-response.js';

/** Status and error of what Node.js could not read. */
interface Refusal {
  readonly status: number;
  readonly error: ApiError;
}

/**
 * Answers what is no complete HTTP request: with the body of every other error, and, when the request has begun to be
 * answered, as its response, so that its log line, its metrics and its span say what the client was told.
 */
export function answerClientError(lifecycle: Lifecycle): (problem: NodeJS.ErrnoException, socket: Duplex) => void {
  return (problem, socket) => {
    const { status, error } = refusalOf(problem);
    const response = lifecycle.openResponseOn(socket);
    if (response !== undefined && !response.headersSent) {
      refuse(response, status, error);
    } else if (socket.writable && response === undefined) {
      const body = JSON.stringify(toErrorBody(error, null));
      socket.end(
        [
          `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
          'Connection: close',
          'Content-Type: application/json; charset=utf-8',
          `Content-Length: ${Buffer.byteLength(body)}`,
          '',
          body,
        ].join('\r\n'),
      );
    } else {
      socket.destroy(problem);
    }
  };
}

/** Answers 503 where the stop does not wait any longer for the answer. */
export function refuseInterrupted(response: ServerResponse): void {
  if (response.headersSent) return;
  refuse(
    response,
    errorCatalogue.SERVICE_UNAVAILABLE.status,
    new ApiError('SERVICE_UNAVAILABLE', { message: 'Le service s’arrête.' }),
  );
}

function refusalOf({ code }: NodeJS.ErrnoException): Refusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return { status: errorCatalogue.TIMEOUT.status, error: new ApiError('TIMEOUT') };
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message = `Les en-têtes dépassent ${maxHeaderSize} octets.`;
    return { status: 431, error: new ApiError('BAD_REQUEST', { message }) };
  }
  return { status: errorCatalogue.BAD_REQUEST.status, error: new ApiError('BAD_REQUEST') };
}

/** Outside the request's context: its trace stands in the header that it was given. */
function refuse(response: ServerResponse, status: number, error: ApiError): void {
  const traceId = /^00-(\w+)-/.exec(String(response.getHeader('traceresponse')))?.[1] ?? null;
  response.statusCode = status;
  response.setHeader('Connection', 'close');
  if (status === 503) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
  sendErrorBody(error, response, traceId);
}
