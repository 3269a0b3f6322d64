import type { ServerResponse } from 'node:http';

/** Sends a value as JSON. */
export function sendJson(response: ServerResponse, value: unknown): void {
  send(response, 'application/json; charset=utf-8', Buffer.from(JSON.stringify(value)));
}

/** Sends a body. Express's own `send()` would also answer conditional requests, which this API does not know. */
export function send(response: ServerResponse, contentType: string, body: Buffer): void {
  response.setHeader('Content-Type', contentType);
  response.setHeader('Content-Length', body.byteLength);
  response.end(body);
}
