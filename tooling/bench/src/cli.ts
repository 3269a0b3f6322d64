// pnpm bench: the cost of a request for each target, side by side; ten minutes, which write the figures of docs/performance.md.
// --short: two minutes, and whether the service is dearer than those figures. --profile: where its time goes.
// --instructions: what a request costs in instructions.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { startDatabase } from './database.js';
import { countInstructions } from './instructions.js';
import { measureLargeList } from './large-list.js';
import { type Extent, type Figures, measureWork } from './measure.js';
import { drawRequests } from './picture.js';
import { printRest, printStarts, printWork } from './print.js';
import { profileService } from './profile.js';
import type { Result, StartFigures } from './result.js';
import { type ServerProcess, startServer } from './server-process.js';
import { service, type Target, type TargetName, targets } from './targets.js';
import { compareCosts } from './verdict.js';
import { measureWaits, type WaitFigures } from './waits.js';
import { connectionWorks, pairWorks, requestWorks, rowWorks, type Work } from './work.js';
import { measureWorkers } from './workers.js';

const LARGE_LIST_ROWS = 1_000_000;
const WAITS_REQUESTS = 30_000;
const documents = path.resolve(import.meta.dirname, '../../../docs');
const resultFile = path.join(documents, 'performance.json');
// Many short rounds: a disturbance lasts for seconds, and the median drops the rounds that it hit.
// V8 compiles until some 40,000 requests of a kind.
const usualExtent = { rounds: 12, requests: 1_500, warmUpRequests: 40_000 };
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

if (process.argv.includes('--profile')) await profile();
else if (process.argv.includes('--instructions')) await count();
else if (process.argv.includes('--short')) await compare();
else await measure();

/** Where the service's time goes. */
async function profile(): Promise<void> {
  for (const { ask } of pairWorks) print(...(await profileService(service, surroundings, ask)), '');
}

/** What a request costs in instructions, beside the baseline. */
async function count(): Promise<void> {
  const counted = targets.filter(({ name }) => ['baseline', 'service', 'service-bare'].includes(name));
  for (const target of counted) {
    const counts = await countInstructions(target, pairWorks, surroundings, database);
    const figures = Object.entries(counts).map(([work, thousands]) => `${work} ${thousands.toFixed(0)}`);
    print(`${target.name.padStart(14)}: thousands of instructions a request: ${figures.join(', ')}`);
  }
}

/** Whether the service costs more than when the figures of the documents were measured. */
async function compare(): Promise<void> {
  const figures = await measurePair();
  const { pair = {} } = JSON.parse(readFileSync(resultFile, 'utf8')) as Partial<Result>;
  const { verdict, lines } = compareCosts(pair, figures);
  print('', ...lines, `verdict: ${verdict}`);
}

/** The service beside the baseline alone: a ratio among more servers in turn is another. */
async function measurePair(): Promise<Record<string, Figures>> {
  const names = new Set(pairWorks.flatMap((work) => work.targets));
  const { servers } = await start(targets.filter(({ name }) => names.has(name)));
  const figures = await measureAll(pairWorks, servers, usualExtent);
  for (const server of servers.values()) await server.stop();
  return figures;
}

/** Every figure. */
async function measure(): Promise<void> {
  const { servers, starts } = await start(targets);
  const requests = await measureAll(requestWorks, servers, usualExtent);
  for (const [name, server] of servers) {
    const figures = starts[name];
    if (figures !== undefined) starts[name] = { ...figures, loadedBytes: server.residentBytes() };
  }
  print('');
  printStarts(starts);
  const connections = await measureAll(connectionWorks, servers, sideExtent);
  const rows = await measureAll(rowWorks, servers, sideExtent);
  for (const server of servers.values()) await server.stop();

  await database.fill(LARGE_LIST_ROWS);
  const fresh = await startServer(service, surroundings);
  const largeList = await measureLargeList(fresh, LARGE_LIST_ROWS);
  await fresh.stop();
  await database.fill(10);
  const loaded = await startServer(service, surroundings);
  const waits: WaitFigures[] = [];
  for (const connections of [10, 100, 500]) waits.push(await measureWaits(loaded, connections, WAITS_REQUESTS));
  await loaded.stop();
  const workers = await measureWorkers(service, surroundings, sideExtent);
  printRest({ largeList, waits, workers });
  const pair = await measurePair();

  const machine = { node: process.version, cpus: availableParallelism() };
  const result: Result = { ...machine, starts, requests, pair, connections, rows, largeList, waits, workers };
  writeFileSync(resultFile, `${JSON.stringify(result, undefined, 2)}\n`);
  writeFileSync(path.join(documents, 'performance.svg'), drawRequests(requests));
}

async function start(wanted: readonly Target[]) {
  const servers = new Map<TargetName, ServerProcess>();
  const starts: Partial<Record<TargetName, StartFigures>> = {};
  for (const target of wanted) {
    const server = await startServer(target, surroundings);
    servers.set(target.name, server);
    const { startMs } = server;
    const cpuMs = server.cpuMicroseconds() / 1_000;
    const bytes = server.residentBytes();
    starts[target.name] = { startMs, cpuMs, idleBytes: bytes, loadedBytes: bytes };
  }
  return { servers, starts };
}

async function measureAll(
  works: readonly Work[],
  servers: ReadonlyMap<TargetName, ServerProcess>,
  howMuch: Extent,
): Promise<Record<string, Figures>> {
  const figures: Record<string, Figures> = {};
  for (const work of works) {
    const figure = await measureWork(work, servers, database, howMuch);
    figures[work.name] = figure;
    printWork(work.name, figure);
  }
  return figures;
}

function print(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
