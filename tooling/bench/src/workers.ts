// The gain of a second worker.

import { drive } from './load.js';
import { type ServerSurroundings, startServer } from './server-process.js';
import { median } from './statistics.js';
import type { Target } from './targets.js';

/** Requests a second, by how many workers there are. */
export async function measureWorkers(
  target: Target,
  surroundings: ServerSurroundings,
  { rounds, requests }: { rounds: number; requests: number },
): Promise<ReadonlyMap<number, number>> {
  const perSecond = new Map<number, number>();
  for (const workers of [1, 2]) {
    const environment = { ...target.environment, WEB_CONCURRENCY: String(workers) };
    const server = await startServer({ ...target, environment }, surroundings);
    const load = { url: `${server.url}/products`, method: 'GET', connections: 20 } as const;
    const taken: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const { requests: done, seconds } = await drive({ ...load, requests });
      if (round > 0) taken.push(done / seconds);
    }
    perSecond.set(workers, median(taken));
    await server.stop();
  }
  return perSecond;
}
