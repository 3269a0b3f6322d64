import { integer, text } from '@products/environment';

/** Where the service listens. */
export const addressEnvironment = {
  PORT: integer(0, 65_535).default(5_000),
  HOST: text().default('0.0.0.0'),
} as const;

/** The address under which a service that listens on `host` answers on its own machine. */
export function localAddressOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
