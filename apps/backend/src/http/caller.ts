import type { ServerResponse } from 'node:http';
import type { Caller } from '@products/api-contract/server';

const callers = new WeakMap<ServerResponse, Caller>();

/** The client of a request. Its signal aborts when the response is closed before it is complete. */
export function trackCaller(response: ServerResponse): Caller {
  const { socket } = response.req;
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  const caller = { signal: controller.signal, connection: socket, peer: socket.remoteAddress ?? '' };
  callers.set(response, caller);
  return caller;
}

/** @throws {Error} when the response was not tracked. */
export function callerOf(response: ServerResponse): Caller {
  const caller = callers.get(response);
  if (caller === undefined) throw new Error('a response without a caller');
  return caller;
}
