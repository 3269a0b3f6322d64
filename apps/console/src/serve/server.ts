import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { createCollector } from '../receive/collector.js';
import { isFromNoOtherPage, isOwnRequest } from './guard.js';
import { HOST } from './ports.js';

/** Answers the receivers alone: on another `host` than the loopback, whatever name they are called by. */
export function createCollectorListener(collect: ReturnType<typeof createCollector>, host: string): RequestListener {
  return guard(
    (request, response) => {
      const take = collect(request.method ?? '', request.url?.split('?')[0] ?? '');
      return take === undefined ? response.writeHead(404).end() : take(request, response);
    },
    host === HOST ? isOwnRequest : isFromNoOtherPage,
  );
}

/** Answers requests of this machine alone, and those that fail. */
export function guard(
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
  isAllowed = isOwnRequest,
): RequestListener {
  return async (request, response) => {
    if (!isAllowed(request)) {
      return sendJson(response, 403, { message: 'only from this machine: Host and Origin must be localhost' });
    }
    try {
      await answer(request, response);
    } catch (error) {
      process.stderr.write(`console: ${request.method} ${request.url}: ${String(error)}\n`);
      if (!response.headersSent)
        sendJson(response, 500, { message: 'the console could not answer; its stderr has more' });
      else response.destroy();
    }
  };
}

/** Listens on the port, or on a free one where that is taken. */
export async function listen(listener: RequestListener, host: string, port: number): Promise<Server> {
  const server = createServer(listener);
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!isTaken || port === 0) throw error;
    return listen(listener, host, 0);
  }
  return server;
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'text/plain; charset=utf-8' });
  response.end(JSON.stringify(body));
}
