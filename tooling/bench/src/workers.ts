// What more workers cost: a request in each, and memory.
import { setTimeout as sleep } from 'node:timers/promises';
import { drive } from './load.js';
import { type ServerSurroundings, startServer } from './server-process.js';
import { median } from './statistics.js';
import type { Target } from './targets.js';

const WARM_UP_REQUESTS = 8_000;

/**
 * A batch whose cost is nearly all the worker's: 24 of its 25 calls are refused for want of their input. Each has a connection
 * of its own: workers share the port, and of connections that open at once, the worker that has a core takes most.
 */
const heavyPath = `/trpc/${Array(25).fill('products.byId').join(',')}?batch=1&input=${encodeURIComponent('{"0":{"id":1}}')}`;
const HEAVY_SHARE = 0.2;

/** The first worker answers before the others have started. */
const SETTLED_MS = 5_000;

/** The primary process included, where there is one. */
export interface WorkerFigures {
  readonly perSecond: number;
  /** Of requests whose cost is nearly all the worker's, and the cores that the machine had busy with all of it. */
  readonly heavyPerSecond: number;
  readonly heavyBusyCores: number;
  /** µs of CPU a request: the same for any number of workers, if they do not hinder each other. */
  readonly cpu: number;
  /** Proportional set size of all processes: what they share counts once. */
  readonly idleBytes: number;
  readonly loadedBytes: number;
}

export async function measureWorkers(
  target: Target,
  surroundings: ServerSurroundings,
  { rounds, requests }: { rounds: number; requests: number },
): Promise<Readonly<Record<number, WorkerFigures>>> {
  const figures: Record<number, WorkerFigures> = {};
  for (const workers of [1, 2, 4]) {
    const environment = { ...target.environment, WEB_CONCURRENCY: String(workers) };
    const server = await startServer({ ...target, environment }, surroundings);
    await sleep(SETTLED_MS);
    const idleBytes = server.proportionalBytes();
    const load = { url: `${server.url}/products`, method: 'GET', connections: 20 } as const;
    const perSecond: number[] = [];
    const cpu: number[] = [];
    // Each of them compiles for itself.
    await drive({ ...load, requests: WARM_UP_REQUESTS * workers });
    for (let round = 0; round < rounds; round += 1) {
      const before = server.cpuMicroseconds();
      const { requests: done, seconds } = await drive({ ...load, requests });
      perSecond.push(done / seconds);
      cpu.push((server.cpuMicroseconds() - before) / done);
    }
    const loadedBytes = server.proportionalBytes();
    const heavyLoad = { url: `${server.url}${heavyPath}`, method: 'GET', closes: true, connections: 20 } as const;
    await drive({ ...heavyLoad, requests: Math.round(WARM_UP_REQUESTS * HEAVY_SHARE) * workers });
    const heavy = await drive({ ...heavyLoad, requests: Math.round(requests * rounds * HEAVY_SHARE) });
    figures[workers] = {
      perSecond: median(perSecond),
      cpu: median(cpu),
      heavyPerSecond: heavy.requests / heavy.seconds,
      heavyBusyCores: heavy.busyCores,
      idleBytes,
      loadedBytes,
    };
    await server.stop();
  }
  return figures;
}
