// What more workers cost: a request in each, and memory.
import { setTimeout as sleep } from 'node:timers/promises';
import { drive } from './load.js';
import { type ServerSurroundings, startServer } from './server-process.js';
import { median } from './statistics.js';
import type { Target } from './targets.js';

const WARM_UP_REQUESTS = 8_000;
/** The first worker answers before the others have started. */
const SETTLED_MS = 5_000;

/** The primary process included, where there is one. */
export interface WorkerFigures {
  readonly perSecond: number;
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
    figures[workers] = { perSecond: median(perSecond), cpu: median(cpu), idleBytes, loadedBytes };
    await server.stop();
  }
  return figures;
}
