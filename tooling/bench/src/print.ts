import type { Figures } from './measure.js';
import type { Result } from './result.js';

const row = (...cells: readonly (string | number)[]) =>
  process.stdout.write(`${cells.map((cell) => String(cell).padStart(16)).join('')}\n`);
const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);

export function printStarts(starts: Result['starts']): void {
  row('', 'start ms', 'CPU ms', 'idle MB', 'loaded MB');
  for (const [name, { startMs, cpuMs, idleBytes, loadedBytes }] of Object.entries(starts)) {
    row(name, startMs.toFixed(0), cpuMs.toFixed(0), megabytes(idleBytes), megabytes(loadedBytes));
  }
}

export function printWork(work: string, figures: Figures): void {
  const { baseline, peer } = figures;
  const ratio = (cpu: number, to: { cpu: number } | undefined) => (to === undefined ? '' : (cpu / to.cpu).toFixed(2));
  process.stdout.write('\n');
  row(work, 'µs of CPU', 'spread %', '÷ baseline', '÷ peer', 'a second', 'p50 ms', 'p99 ms');
  for (const [name, { cpu, cpuSpread, perSecond, p50Ms, p99Ms }] of Object.entries(figures)) {
    const spread = (cpuSpread * 100).toFixed(0);
    row(name, cpu.toFixed(0), spread, ratio(cpu, baseline), ratio(cpu, peer), perSecond.toFixed(0), p50Ms, p99Ms);
  }
}

export function printRest({ largeList, waits, workers }: Pick<Result, 'largeList' | 'waits' | 'workers'>): void {
  const { rows, idleBytes, peakBytes, p99AloneMs, p99BesideMs } = largeList;
  process.stdout.write(`
${rows} rows in one list: ${megabytes(idleBytes)} MB before, ${megabytes(peakBytes)} MB at most; others' p99 ${p99BesideMs} ms beside it, ${p99AloneMs} ms alone
`);
  row('probes beside', 'p50 ms', 'p99 ms', 'longest ms');
  for (const { connections, p50Ms, p99Ms, longestMs } of waits) {
    row(`${connections} connections`, p50Ms.toFixed(0), p99Ms.toFixed(0), longestMs.toFixed(0));
  }
  row('workers', 'a second', 'µs of CPU', 'heavy a second', 'busy cores', 'idle MB', 'loaded MB');
  for (const [count, figures] of Object.entries(workers)) {
    const { perSecond, cpu, heavyPerSecond, heavyBusyCores, idleBytes: idle, loadedBytes: loaded } = figures;
    const costs = [perSecond.toFixed(0), cpu.toFixed(0), heavyPerSecond.toFixed(0), heavyBusyCores.toFixed(2)];
    row(count, ...costs, megabytes(idle), megabytes(loaded));
  }
}
