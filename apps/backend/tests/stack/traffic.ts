import { setTimeout as sleep } from 'node:timers/promises';
import { type Backend, post } from '../backend.js';

const PAUSE_MS = 250;

const paths = [
  '/products',
  '/products/1',
  '/products/0',
  '/products/x',
  '/nowhere',
  '/health',
  '/livez',
  '/readyz',
  '/slow',
  '/error',
  '/trpc/products.list',
  '/trpc/health.check',
  '/trpc/diagnostics.slow',
  '/trpc/diagnostics.error',
  '/trpc/health.check,products.list?batch=1',
];

/** What a service has to be configured with for some of the traffic to find no connection. */
export const crowdedPool = { DB_POOL_SIZE: '1', DB_MAX_OVERFLOW: '0', DB_POOL_QUEUE: '1', SLOW_ENDPOINT_DELAY: '0.3' };
const CROWD = 60;

/** Requests of every kind, those that fail included, until stopped. */
export function startTraffic({ fetch }: Pick<Backend, 'fetch'>): { stop(): Promise<void> } {
  let isStopped = false;
  const ask = async (path: string, init?: RequestInit) => void (await (await fetch(path, init)).arrayBuffer());
  const send = async () => {
    while (!isStopped) {
      for (const path of paths) await ask(path);
      await ask('/products', post({ name: 'Trafic', price: 1, category: 'Test' }));
      await Promise.all(Array.from({ length: CROWD }, () => ask('/products')));
      await sleep(PAUSE_MS);
    }
  };
  const sending = send();
  return {
    stop: () => {
      isStopped = true;
      return sending;
    },
  };
}
