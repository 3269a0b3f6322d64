import { once } from 'node:events';
import type { AppResponse } from './response.js';

const JSON_TYPE = 'application/json; charset=utf-8';

/** When a client may try again after a 503. */
export const RETRY_AFTER_SECONDS = '2';

/** Sends a value as JSON. */
export function sendJson(response: AppResponse, value: unknown): void {
  send(response, JSON_TYPE, JSON.stringify(value));
}

/**
 * Sends pages as one JSON array, each once the client has taken those before. A single page is sent as any other value.
 * When a later page fails the connection breaks, so that no client takes a part for the whole.
 *
 * @param signal aborted when the client leaves
 */
export async function sendPages(
  response: AppResponse,
  pages: AsyncIterable<readonly unknown[]>,
  signal: AbortSignal,
): Promise<void> {
  let pending: string | undefined;
  let isOpen = false;
  for await (const page of pages) {
    if (pending !== undefined) {
      if (!isOpen) response.headerList.push('Content-Type', JSON_TYPE);
      const isTaken = response.write(isOpen ? pending : `[${pending}`);
      isOpen = true;
      // Rejects when the client leaves, which ends the loop below.
      if (!isTaken) await once(response, 'drain', { signal }).catch(() => {});
      if (signal.aborted) return;
    }
    // An array without its brackets is a part of another.
    const elements = JSON.stringify(page).slice(1, -1);
    pending = pending === undefined || elements === '' ? elements : `,${elements}`;
  }
  // A source that yields no page has no element.
  if (isOpen) response.end(`${pending}]`);
  else send(response, JSON_TYPE, `[${pending ?? ''}]`);
}

/** Answers HEAD as {@link sendPages} answers GET, for the price of one page: the length of the whole is not known. */
export async function sendHead(response: AppResponse, pages: AsyncIterable<readonly unknown[]>): Promise<void> {
  for await (const _ of pages) break;
  response.headerList.push('Content-Type', JSON_TYPE);
  response.end();
}

/**
 * Sends a body. Express's own `send()` would also answer conditional requests, which this API does not know.
 *
 * @param body a text goes out together with the head, in one write to the socket; bytes in another
 */
export function send(response: AppResponse, contentType: string, body: Buffer | string): void {
  if (response.statusCode === 503) response.headerList.push('Retry-After', RETRY_AFTER_SECONDS);
  response.headerList.push('Content-Type', contentType, 'Content-Length', String(Buffer.byteLength(body)));
  response.end(body);
}
