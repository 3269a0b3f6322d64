import type { Caller } from '@products/api-contract/server';
import type { AppResponse } from './response.js';

/** The client of a request. Its signal aborts when the response is closed before it is complete. */
export function trackCaller(response: AppResponse): Caller {
  const { socket } = response.req;
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  const caller = { signal: controller.signal, connection: socket, peer: socket.remoteAddress ?? '' };
  response.caller = caller;
  return caller;
}

/** @throws {Error} when the response was not tracked. */
export function callerOf({ caller }: Express.Response): Caller {
  if (caller === undefined) throw new Error('a response without a caller');
  return caller;
}
