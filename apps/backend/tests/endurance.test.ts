import { Agent } from 'node:http';
import { expect, it } from 'vitest';
import { startOnSamples } from './backend.js';
import { askOn, closedLoop, Outcomes, openLoop } from './load-client.js';
import { inGateOrSoak, report, SOAK_TIMEOUT_MS } from './soak.js';

// At 70 % of its capacity for a long time, nothing fails and nothing grows.

const DURATION_MS = inGateOrSoak(3_000, 1_800_000);
const CAPACITY_MS = inGateOrSoak(700, 2_000);
const CLIENTS = 64;
const READINGS = inGateOrSoak(6, 60);
const PATHS = ['/products', '/products/1', '/products/999', '/trpc/products.list', '/health', '/nowhere'] as const;

interface Reading {
  readonly minutes: number;
  readonly residentMb: number;
  readonly openFiles: number;
  readonly lagP99Ms: number;
}

/** The slope of the line that fits best, in units a minute. */
function slope(readings: readonly Reading[], read: (reading: Reading) => number): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(readings.map(({ minutes }) => minutes));
  const y = mean(readings.map(read));
  const covariance = mean(readings.map((reading) => (reading.minutes - x) * (read(reading) - y)));
  return covariance / mean(readings.map(({ minutes }) => (minutes - x) ** 2));
}

it(
  'under steady load no answer is a 5xx, and memory and open files do not grow',
  async () => {
    await using backend = await startOnSamples();
    const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
    let sequence = 0;
    const ask = () => {
      sequence += 1;
      return askOn(agent, backend.url, PATHS[sequence % PATHS.length] ?? '/');
    };
    await closedLoop(8, CAPACITY_MS / 2, ask);
    const { outcomes: most } = await closedLoop(8, CAPACITY_MS, ask);
    const capacity = [...most.values()].reduce((sum, times) => sum + times, 0) / (CAPACITY_MS / 1_000);
    const outcomes = new Outcomes();
    const readings: Reading[] = [];
    const startedAt = performance.now();
    for (let reading = 0; reading < READINGS; reading += 1) {
      const part = await openLoop(0.7 * capacity, CLIENTS, DURATION_MS / READINGS, ask);
      for (const [outcome, times] of part.outcomes) outcomes.set(outcome, outcomes.count(outcome) + times);
      backend.forgetLines();
      const metrics = await (await backend.fetch('/metrics')).text();
      const read = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]);
      readings.push({
        minutes: (performance.now() - startedAt) / 60_000,
        residentMb: read('process_resident_memory_bytes') / 2 ** 20,
        openFiles: read('process_open_fds'),
        lagP99Ms: read('nodejs_eventloop_lag_p99_seconds') * 1_000,
      });
    }
    const last = readings.slice(readings.length / 2);
    report(
      `endurance: ${outcomes} in ${(DURATION_MS / 60_000).toFixed(1)} min at ${(0.7 * capacity).toFixed(0)}/s; resident ${last.at(-1)?.residentMb.toFixed(0)} MB, ${slope(last, ({ residentMb }) => residentMb).toFixed(2)} MB a minute in the second half; open files ${readings.map(({ openFiles }) => openFiles).join(' ')}; event loop p99 ${Math.max(...readings.map(({ lagP99Ms }) => lagP99Ms)).toFixed(0)} ms at most`,
    );
    expect([...outcomes.keys()].sort()).toEqual([200, 404]);
    // The clients' connections, the database's, and a handful of the process's.
    expect(readings.at(-1)?.openFiles).toBeLessThan(64 + 31 + 60);
    agent.destroy();
    expect(await backend.stop()).toBe(0);
  },
  SOAK_TIMEOUT_MS,
);
