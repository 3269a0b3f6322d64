// pnpm bench [--short]: the cost of a request for each target, side by side. The long form takes ten minutes and writes the
// figures of docs/performance.md.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { startDatabase } from './database.js';
import { measureLargeList } from './large-list.js';
import { type Figures, measureWork } from './measure.js';
import { drawRequests } from './picture.js';
import { printRest, printStarts, printWork } from './print.js';
import type { Result, StartFigures } from './result.js';
import { type ServerProcess, startServer } from './server-process.js';
import { service, type TargetName, targets } from './targets.js';
import { connectionWorks, requestWorks, rowWorks, type Work } from './work.js';
import { measureWorkers } from './workers.js';

const LARGE_LIST_ROWS = 1_000_000;
const documents = path.resolve(import.meta.dirname, '../../../docs');
const isShort = process.argv.includes('--short');
// Many short rounds: a disturbance lasts for seconds, and the median drops the rounds that it hit.
const extent = isShort
  ? { rounds: 4, requests: 1_000, warmUpRequests: 4_000 }
  : { rounds: 12, requests: 1_500, warmUpRequests: 8_000 };
/** Fewer rounds for a figure that is a slope. */
const sideExtent = { rounds: 3, requests: 2_000, warmUpRequests: 3_000 };

/** Ends with the bench, however that ends; servers end by themselves. */
await using running = new AsyncDisposableStack();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void running.disposeAsync().finally(() => process.exit(1)));
}
const agent = fork(path.join(import.meta.dirname, 'agent.js'));
running.defer(() => agent.disconnect());
const [agentPort] = await once(agent, 'message');
const database = await startDatabase();
running.defer(() => database.stop());
const surroundings = { databaseUrl: database.url, agentPort };
const servers = new Map<TargetName, ServerProcess>();
const starts: Partial<Record<TargetName, StartFigures>> = {};
for (const target of targets) {
  const server = await startServer(target, surroundings);
  servers.set(target.name, server);
  const { startMs } = server;
  const cpuMs = server.cpuMicroseconds() / 1_000;
  const bytes = server.residentBytes();
  starts[target.name] = { startMs, cpuMs, idleBytes: bytes, loadedBytes: bytes };
}

const requests = await measureAll(requestWorks, extent);
for (const [name, server] of servers) {
  const start = starts[name];
  if (start !== undefined) starts[name] = { ...start, loadedBytes: server.residentBytes() };
}
process.stdout.write('\n');
printStarts(starts);
const connections = await measureAll(connectionWorks, sideExtent);
const rows = await measureAll(isShort ? rowWorks.slice(0, 3) : rowWorks, sideExtent);
for (const server of servers.values()) await server.stop();

await database.fill(LARGE_LIST_ROWS);
const fresh = await startServer(service, surroundings);
const largeList = await measureLargeList(fresh, LARGE_LIST_ROWS);
await fresh.stop();
await database.fill(10);
const workers = Object.fromEntries(await measureWorkers(service, surroundings, sideExtent));
printRest({ largeList, workers });

if (!isShort) {
  const machine = { node: process.version, cpus: availableParallelism() };
  const result: Result = { ...machine, starts, requests, connections, rows, largeList, workers };
  writeFileSync(path.join(documents, 'performance.json'), `${JSON.stringify(result, undefined, 2)}\n`);
  writeFileSync(path.join(documents, 'performance.svg'), drawRequests(requests));
}

async function measureAll(works: readonly Work[], howMuch: typeof extent): Promise<Record<string, Figures>> {
  const figures: Record<string, Figures> = {};
  for (const work of works) {
    const figure = await measureWork(work, servers, database, howMuch);
    figures[work.name] = figure;
    printWork(work.name, figure);
  }
  return figures;
}
