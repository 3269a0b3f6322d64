import { drive, type Load } from './load.js';
import type { ServerProcess } from './server-process.js';
import { median, spread } from './statistics.js';

/** What one load has shown. */
export interface Sample {
  /** CPU time of the server's processes a request, in microseconds. */
  readonly cpu: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Medians of several samples. */
export interface Figure extends Sample {
  /** Of the CPU time: smallest to largest, as a share of the median. */
  readonly cpuSpread: number;
}

/** Drives a server and reads what that has cost it. */
export async function measure(
  server: ServerProcess,
  { path, ...ask }: Pick<Load, 'method' | 'body'> & { readonly path: string },
  { connections, requests }: Pick<Load, 'connections' | 'requests'>,
): Promise<Sample> {
  const before = server.cpuMicroseconds();
  const { seconds, ...result } = await drive({ ...ask, url: `${server.url}${path}`, connections, requests });
  const cpu = (server.cpuMicroseconds() - before) / result.requests;
  return { cpu, perSecond: result.requests / seconds, p50Ms: result.p50Ms, p99Ms: result.p99Ms };
}

export function summarize(samples: readonly Sample[]): Figure {
  const of = (read: (sample: Sample) => number) => median(samples.map(read));
  return {
    cpu: of(({ cpu }) => cpu),
    cpuSpread: spread(samples.map(({ cpu }) => cpu)),
    perSecond: of(({ perSecond }) => perSecond),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
  };
}
