import type { IncomingMessage } from 'node:http';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * Whether a request comes from this machine's own pages and programs. A page of elsewhere could name this address as its own
 * (DNS rebinding) or send to it: its `Host` or its `Origin` gives it away.
 */
export function isOwnRequest(request: IncomingMessage): boolean {
  return LOOPBACK.test(request.headers.host ?? '') && isFromNoOtherPage(request);
}

/** Whether a request comes from a program, or from a page of the address that it names. */
export function isFromNoOtherPage({ headers: { host = '', origin } }: IncomingMessage): boolean {
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}
