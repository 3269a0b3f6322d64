import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Span } from '@opentelemetry/api';
import type { SpanAttributes } from './spans.js';

/** The status that a request ends with whose client left before the answer. */
const STATUS_CLIENT_CLOSED_REQUEST = 499;
const STATUS_FAILED = 500;

/** What a request ended with, once its response is closed: its status, unless it failed on the way or its client left. */
export function statusOf(response: ServerResponse): number {
  if (response.writableFinished) return response.statusCode;
  return response.errored === null ? STATUS_CLIENT_CLOSED_REQUEST : STATUS_FAILED;
}

/**
 * OpenTracing's tags, beside the semantic conventions that the instrumentation writes, and those of the latter that it
 * cannot tell or would normalise: what the sampler and operators see is the path that the router sees.
 */
export function describeRequest({ method = '', url = '', headers, socket }: IncomingMessage): SpanAttributes {
  const host = headers.host ?? `${socket.localAddress}:${socket.localPort}`;
  const { origin, target } = splitTarget(url);
  return {
    'http.method': method,
    'http.url': `${origin ?? `http://${host}`}${target}`,
    'url.path': target.split('?', 1)[0] ?? '',
    ...(headers.host === undefined ? { 'server.address': socket.localAddress ?? '' } : {}),
  };
}

/**
 * A request's target as the origin that it names, if any and without credentials, and its path with the query. What has
 * neither of the two forms that routes are asked in becomes a path that no route has.
 */
export function splitTarget(url: string): { origin?: string; target: string } {
  if (url.startsWith('/')) return { target: url };
  if (!/^https?:/i.test(url) || !URL.canParse(url)) return { target: `/${url}` };
  const { origin, pathname, search } = new URL(url);
  return { origin, target: `${pathname}${search}` };
}

/** Called when the response is closed, the last moment before the span ends. */
export function describeResponse(span: Span, _: unknown, response: IncomingMessage | ServerResponse): void {
  if (!span.isRecording() || !(response instanceof ServerResponse)) return;
  const status = statusOf(response);
  span.setAttributes({ 'http.status_code': status, 'http.response.status_code': status } satisfies SpanAttributes);
  if (status >= 500) span.setAttributes({ error: true, 'error.type': String(status) } satisfies SpanAttributes);
}
