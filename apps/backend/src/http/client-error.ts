import { maxHeaderSize, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError, toErrorBody } from '@products/api-contract/server';
import type { Lifecycle } from '../lifecycle.js';
import { sendError } from './errors.js';
import { runInRequest } from './observe-requests.js';

/** RFC 6585; no code of the vocabulary has this status. */
const STATUS_HEADERS_TOO_LARGE = 431;

/**
 * Answers a request that Node.js could not read to its end. If it has begun to be answered, the refusal is its response,
 * so that its log line, its metrics and its span have the status that the client got.
 */
export function answerClientError(lifecycle: Lifecycle): (problem: NodeJS.ErrnoException, socket: Duplex) => void {
  return (problem, socket) => {
    const { error, status = error.status } = refusalOf(problem);
    const response = lifecycle.openResponseOn(socket);
    if (response !== undefined && !response.headersSent) {
      refuse(response, error, status);
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

/** Answers 503 to a request that outlasts the stop. */
export function refuseInterrupted(response: ServerResponse): void {
  if (response.headersSent) return;
  refuse(response, new ApiError('SERVICE_UNAVAILABLE', { message: 'Le service s’arrête.' }));
}

function refusalOf({ code }: NodeJS.ErrnoException): { error: ApiError; status?: number } {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { error: new ApiError('TIMEOUT') };
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message = `Les en-têtes dépassent ${maxHeaderSize} octets.`;
    return { error: new ApiError('BAD_REQUEST', { message }), status: STATUS_HEADERS_TOO_LARGE };
  }
  return { error: new ApiError('BAD_REQUEST') };
}

function refuse(response: ServerResponse, error: ApiError, status?: number): void {
  response.setHeader('Connection', 'close');
  runInRequest(response, () => sendError(response, error, status));
}
