// How long a new connection and a probe wait while the service has all the load that it can take.
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { drive } from './load.js';
import type { ServerProcess } from './server-process.js';
import { quantile } from './statistics.js';

/** Of `GET /livez`, each on a connection of its own, from before it is opened to the end of its answer. */
export interface WaitFigures {
  readonly connections: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

const EVERY_MS = 20;

export async function measureWaits(server: ServerProcess, connections: number, requests: number): Promise<WaitFigures> {
  const loading = drive({ url: `${server.url}/products/1`, method: 'GET', connections, requests });
  let isLoading = true;
  const loaded = loading.finally(() => {
    isLoading = false;
  });
  // Until the connections of the load are open.
  await sleep(1_000);
  const waits: number[] = [];
  while (isLoading) {
    waits.push(await probe(`${server.url}/livez`));
    await sleep(EVERY_MS);
  }
  await loaded;
  return { connections, p50Ms: quantile(waits, 0.5), p99Ms: quantile(waits, 0.99), longestMs: Math.max(...waits) };
}

function probe(url: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const startedAt = performance.now();
  get(url, { agent: false }, (response) => {
    response.on('end', () => resolve(performance.now() - startedAt)).resume();
  }).on('error', reject);
  return promise;
}
