// pnpm bench [--short]: what a request costs each contender, side by side.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { contenders } from './contenders.js';
import { removeAdded, startDatabase } from './database.js';
import { type Figure, measure, type Sample, summarize } from './measure.js';
import { type ServerProcess, startServer } from './server-process.js';
import { works } from './work.js';

const CONNECTIONS = 32;
const isShort = process.argv.includes('--short');
const rounds = isShort ? 2 : 5;
const requests = isShort ? 2_000 : 10_000;
const warmUpRequests = isShort ? 2_000 : 5_000;

const print = (...cells: readonly (string | number)[]) =>
  process.stdout.write(`${cells.map((cell) => String(cell).padStart(11)).join('')}\n`);
const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);

const agent = fork(path.join(import.meta.dirname, 'agent.js'));
const [agentPort] = await once(agent, 'message');
const database = await startDatabase();
const servers = new Map<string, ServerProcess>();

print('', 'start ms', 'CPU ms', 'idle MB');
for (const contender of contenders) {
  const server = await startServer(contender, { databaseUrl: database.url, agentPort });
  servers.set(contender.name, server);
  const cpuMs = server.cpuMicroseconds() / 1_000;
  print(contender.name, server.startMs.toFixed(0), cpuMs.toFixed(0), megabytes(server.residentBytes()));
}

for (const work of works) {
  const samples = new Map<string, Sample[]>(work.contenders.map((name) => [name, []]));
  // Interleaved, so that what else the machine does meets all alike; the first round only warms up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, taken] of samples) {
      const server = servers.get(name);
      if (server === undefined) throw new Error(`${name} was not started`);
      const isWarmUp = round === 0;
      const load = { connections: CONNECTIONS, requests: isWarmUp ? warmUpRequests : requests };
      const sample = await measure(server, work.ask, load);
      await removeAdded(database);
      if (!isWarmUp) taken.push(sample);
    }
  }
  printWork(work.name, new Map([...samples].map(([name, taken]) => [name, summarize(taken)])));
}

print('', 'loaded MB');
for (const [name, server] of servers) {
  print(name, megabytes(server.residentBytes()));
  await server.stop();
}
await database.stop();
agent.disconnect();

function printWork(work: string, figures: ReadonlyMap<string, Figure>): void {
  const floor = figures.get('floor');
  process.stdout.write('\n');
  print(work, 'µs of CPU', 'spread %', '÷ floor', 'a second', 'p50 ms', 'p99 ms');
  for (const [name, { cpu, cpuSpread, perSecond, p50Ms, p99Ms }] of figures) {
    const ratio = floor === undefined ? '' : (cpu / floor.cpu).toFixed(2);
    print(name, cpu.toFixed(0), (cpuSpread * 100).toFixed(0), ratio, perSecond.toFixed(0), p50Ms, p99Ms);
  }
}
