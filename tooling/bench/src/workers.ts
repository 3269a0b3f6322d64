// Whether a second worker takes half of the work.
import type { Contender } from './contenders.js';
import { drive } from './load.js';
import { type ServerSurroundings, startServer } from './server-process.js';
import { median } from './statistics.js';

/** Requests a second, by how many workers there are. */
export async function measureWorkers(
  contender: Contender,
  surroundings: ServerSurroundings,
  { rounds, requests }: { rounds: number; requests: number },
): Promise<ReadonlyMap<number, number>> {
  const perSecond = new Map<number, number>();
  for (const workers of [1, 2]) {
    const environment = { ...contender.environment, WEB_CONCURRENCY: String(workers) };
    const server = await startServer({ ...contender, environment }, surroundings);
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
