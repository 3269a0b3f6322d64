import { type ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Span } from '@opentelemetry/api';

/** The status that a request ends with whose client left before the answer. */
export const STATUS_CLIENT_CLOSED_REQUEST = 499;

/** OpenTracing's tags, beside the semantic conventions that the instrumentation writes. */
export function describeRequest(span: Span, request: ClientRequest | IncomingMessage): void {
  if (!span.isRecording() || !(request instanceof IncomingMessage)) return;
  span.setAttribute('http.method', request.method ?? '');
  span.setAttribute('http.url', `http://${request.headers.host ?? ''}${request.url ?? ''}`);
}

/** Called when the response is closed, the last moment before the span ends. */
export function describeResponse(span: Span, _: unknown, response: IncomingMessage | ServerResponse): void {
  if (!span.isRecording() || !(response instanceof ServerResponse)) return;
  const status = response.writableFinished ? response.statusCode : STATUS_CLIENT_CLOSED_REQUEST;
  span.setAttribute('http.status_code', status);
  span.setAttribute('http.response.status_code', status);
  if (status >= 500) span.setAttribute('error', true);
}
