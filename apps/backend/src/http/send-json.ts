import type { Response } from 'express';

/** Sends a value as JSON. Express's own `json()` would also answer conditional requests, which this API does not know. */
export function sendJson(response: Response, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', body.byteLength);
  response.end(body);
}
