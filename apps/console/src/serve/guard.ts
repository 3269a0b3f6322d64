import type { IncomingMessage } from 'node:http';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * Whether a request comes from this machine's own pages and programs. A page of elsewhere could name this address as its own
 * (DNS rebinding) or send to it: its `Host` or its `Origin` gives it away.
 *
 * @param hosts other names that are allowed: `console.example.com`
 */
export function isOwnRequest({ headers }: IncomingMessage, hosts: readonly string[] = []): boolean {
  const { host = '', origin } = headers;
  if (!LOOPBACK.test(host) && !hosts.includes(host.replace(/:\d+$/, '').toLowerCase())) return false;
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}
