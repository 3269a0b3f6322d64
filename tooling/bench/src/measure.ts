import type { BenchDatabase } from './database.js';
import { drive } from './load.js';
import type { ServerProcess } from './server-process.js';
import { median, type Quartiles, quartiles, spread } from './statistics.js';
import type { TargetName } from './targets.js';
import type { Work } from './work.js';

/** The figures of one load. */
interface Sample {
  /** CPU time of the server's processes a request, in microseconds. */
  readonly cpu: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Medians of several samples. */
interface Figure extends Sample {
  /** Of the CPU time: smallest to largest, as a share of the median. */
  readonly cpuSpread: number;
  /** CPU time ÷ the baseline's in the same round; undefined where the baseline does not do this work. */
  readonly toBaseline?: Quartiles;
}

export type Figures = Readonly<Partial<Record<TargetName, Figure>>>;

/** How long to measure: rounds, and requests a round. */
export interface Extent {
  readonly rounds: number;
  readonly requests: number;
  readonly warmUpRequests: number;
}

/**
 * Has every target do the work in turn, round after round, so that the machine's noise meets all alike. The first round only
 * warms up.
 */
export async function measureWork(
  work: Work,
  servers: ReadonlyMap<TargetName, ServerProcess>,
  database: BenchDatabase,
  { rounds, requests, warmUpRequests }: Extent,
): Promise<Figures> {
  const samples = new Map<TargetName, Sample[]>(work.targets.map((name) => [name, []]));
  await database.fill(work.rows);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, taken] of samples) {
      const server = servers.get(name);
      if (server === undefined) throw new Error(`${name} was not started`);
      const amount = Math.max(1, Math.round((round === 0 ? warmUpRequests : requests) * work.share));
      const sample = await measureOnce(server, work, amount);
      if (round > 0) taken.push(sample);
      if (work.ask.method === 'POST') await database.fill(work.rows);
    }
  }
  const baseline = samples.get('baseline');
  return Object.fromEntries([...samples].map(([name, taken]) => [name, summarize(taken, baseline)]));
}

async function measureOnce(server: ServerProcess, { ask, connections }: Work, requests: number): Promise<Sample> {
  const { path, ...rest } = ask;
  const before = server.cpuMicroseconds();
  const { seconds, ...result } = await drive({
    ...rest,
    url: `${server.url}${path}`,
    connections: Math.min(connections, requests),
    requests,
  });
  const cpu = (server.cpuMicroseconds() - before) / result.requests;
  return { cpu, perSecond: result.requests / seconds, p50Ms: result.p50Ms, p99Ms: result.p99Ms };
}

function summarize(samples: readonly Sample[], baseline: readonly Sample[] | undefined): Figure {
  const of = (read: (sample: Sample) => number) => median(samples.map(read));
  return {
    cpu: of(({ cpu }) => cpu),
    cpuSpread: spread(samples.map(({ cpu }) => cpu)),
    perSecond: of(({ perSecond }) => perSecond),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    ...(baseline && {
      toBaseline: quartiles(samples.map(({ cpu }, round) => cpu / (baseline[round]?.cpu ?? Number.NaN))),
    }),
  };
}
