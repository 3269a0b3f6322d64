import { maxHeaderSize, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError, toErrorBody } from '@products/api-contract/server';
import { closeSoon, type Lifecycle } from '../lifecycle.js';
import type { SendError } from './errors.js';
import { runInRequest } from './observe-requests.js';
import type { AppResponse } from './response.js';

/** RFC 6585; no code of the vocabulary has this status. */
const STATUS_HEADERS_TOO_LARGE = 431;

interface Refusal {
  readonly error: ApiError;
  readonly status?: number;
}

/**
 * Answers a request that Node.js could not read to its end. If it has begun to be answered, the refusal is its response,
 * so that its log line, its metrics and its span have the status that the client got. Requests before it on the connection
 * are complete: they get their own answers first.
 */
export function answerClientError(
  lifecycle: Lifecycle,
  sendError: SendError,
): (problem: NodeJS.ErrnoException, socket: Duplex) => void {
  const refused = new WeakSet<Duplex>();
  return (problem, socket) => {
    // Each further chunk of a connection that cannot be read is another error.
    if (refused.has(socket)) return;
    refused.add(socket);
    const refusal = refusalOf(problem);
    if (refusal === undefined || !socket.writable) {
      socket.destroy();
      return;
    }
    const unfinished = lifecycle.openResponsesOn(socket).find(({ req }) => !req.complete);
    if (unfinished !== undefined) {
      if (unfinished.headersSent) socket.destroy();
      else refuse(sendError, unfinished, refusal);
    } else {
      lifecycle.afterResponses(socket, () => closeSoon(socket, render(refusal)));
    }
  };
}

/** Answers 503 to a request that outlasts the stop. */
export function refuseInterrupted(sendError: SendError, response: AppResponse): void {
  if (response.headersSent) return;
  refuse(sendError, response, { error: new ApiError('SERVICE_UNAVAILABLE', { message: 'Le service s’arrête.' }) });
}

/** Undefined when the connection itself is broken. */
function refusalOf({ code }: NodeJS.ErrnoException): Refusal | undefined {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { error: new ApiError('TIMEOUT') };
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message = `Les en-têtes dépassent ${maxHeaderSize} octets.`;
    return { error: new ApiError('BAD_REQUEST', { message }), status: STATUS_HEADERS_TOO_LARGE };
  }
  return code?.startsWith('HPE_') ? { error: new ApiError('BAD_REQUEST') } : undefined;
}

/** An answer without a request. */
function render({ error, status = error.status }: Refusal): string {
  const body = JSON.stringify(toErrorBody(error, { trace_id: null }));
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Cache-Control: no-store',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

function refuse(sendError: SendError, response: AppResponse, { error, status }: Refusal): void {
  response.setHeader('Connection', 'close');
  runInRequest(response, () => sendError(response, error, status));
}
