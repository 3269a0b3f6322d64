import { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { currentTrace } from './current.js';

/**
 * Whether a request gets a span: asked of the instrumentation itself, with a request that comes from no network. It can be
 * without effect although it started, when it is told to leave `http` alone or when there are two copies of its API.
 */
export function hasRequestSpans(): boolean {
  const request = new IncomingMessage(new Socket());
  // A path that is never sampled: nothing is exported.
  Object.assign(request, { method: 'GET', url: '/livez' });
  const response = new ServerResponse(request);
  const server = new Server();
  let hasSpan = false;
  server.once('request', () => {
    hasSpan = currentTrace() !== undefined;
  });
  server.emit('request', request, response);
  response.emit('close');
  return hasSpan;
}
