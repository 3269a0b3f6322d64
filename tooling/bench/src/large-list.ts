// The memory, and the latency of other requests, beside a list of a million products.
import { setTimeout as sleep } from 'node:timers/promises';
import { drive } from './load.js';
import type { ServerProcess } from './server-process.js';

export interface LargeListFigures {
  readonly rows: number;
  readonly idleBytes: number;
  readonly peakBytes: number;
  /** Of `GET /products/1`. */
  readonly p99AloneMs: number;
  readonly p99BesideMs: number;
}

/** @param server freshly started: its peak is the highest of its life */
export async function measureLargeList(server: ServerProcess, rows: number): Promise<LargeListFigures> {
  const one = { url: `${server.url}/products/1`, method: 'GET', connections: 1 } as const;
  await drive({ ...one, requests: 2_000 });
  const { p99Ms: p99AloneMs } = await drive({ ...one, requests: 2_000 });
  const idleBytes = server.residentBytes();
  const stop = new AbortController();
  const lists = (async () => {
    while (!stop.signal.aborted) {
      const { body } = await fetch(`${server.url}/products`, { signal: stop.signal });
      for await (const _ of body ?? []);
    }
  })().catch(() => {});
  await sleep(100);
  const { p99Ms: p99BesideMs } = await drive({ ...one, requests: 2_000 });
  stop.abort();
  await lists;
  return { rows, idleBytes, peakBytes: server.peakResidentBytes(), p99AloneMs, p99BesideMs };
}
