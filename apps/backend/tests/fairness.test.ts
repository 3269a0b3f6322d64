import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, preload, startBackend } from './backend.js';
import { askOn, Outcomes } from './load-client.js';
import { inGateOrSoak, percentile, report, SOAK_TIMEOUT_MS } from './soak.js';

// Beside a hostile client, an honest one asks for a product every 40 ms and gets its answers.

const ATTACK_MS = inGateOrSoak(1_500, 30_000);
/** More than one page of a list. */
const PRODUCTS = 3_000;

/** A receiver of spans that takes them and never answers. */
const stuck = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
let backend: Backend;
beforeAll(async () => {
  const { port } = stuck.address() as AddressInfo;
  backend = await startBackend(
    { SLOW_ENDPOINT_DELAY: '2', SHUTDOWN_TIMEOUT: '2', OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` },
    { nodeArguments: ['--max-old-space-size=256', ...preload] },
  );
  await backend.database.query(
    `INSERT INTO products (name, price, category) SELECT 'p' || n, n, 'c' FROM generate_series(1, ${PRODUCTS}) AS n`,
  );
});
afterAll(async () => {
  await backend.stop();
  stuck.close();
});

/** Asks for a product every 40 ms while the attacker is at work. */
async function askHonestly(isOver: () => boolean): Promise<{ outcomes: Outcomes; latenciesMs: number[] }> {
  const agent = new Agent({ keepAlive: true });
  const outcomes = new Outcomes();
  const latenciesMs: number[] = [];
  const pending: Promise<void>[] = [];
  while (!isOver()) {
    const askedAt = performance.now();
    pending.push(
      askOn(agent, backend.url, '/products/1').then((outcome) => {
        outcomes.add(outcome);
        latenciesMs.push(performance.now() - askedAt);
      }),
    );
    await sleep(40);
  }
  await Promise.all(pending);
  agent.destroy();
  return { outcomes, latenciesMs };
}

describe('an honest client keeps its answers beside', () => {
  it.each([
    ['resets of CONNECT', '127.0.0.1'],
    ['resets of half requests', '127.0.0.1'],
    ['lists whose clients leave', '127.0.0.1'],
    ['batches whose clients leave', '127.0.0.1'],
    ['pipelined batches of sleepers', '127.0.0.1'],
    ['sleepers on one connection', '127.0.0.1'],
    ['sleepers on many connections of another address', '127.0.0.2'],
    ['pipelined lists that nobody reads', '127.0.0.1'],
    ['lists on many connections that nobody reads', '127.0.0.2'],
    ['heads of long lists', '127.0.0.1'],
    ['scrapes at once', '127.0.0.1'],
    ['long paths', '127.0.0.1'],
    ['batches of errors', '127.0.0.1'],
    ['connections that never ask', '127.0.0.1'],
    ['tunnels that are never closed', '127.0.0.1'],
  ])(
    '%s',
    async (attack, address) => {
      const attacker = spawn(
        process.execPath,
        [path.join(import.meta.dirname, 'attacker.ts'), attack, backend.url, String(ATTACK_MS), address],
        { stdio: ['ignore', 'inherit', 'inherit'] },
      );
      const { outcomes, latenciesMs } = await askHonestly(() => attacker.exitCode !== null);
      report(
        `beside ${attack}: ${outcomes}; p99 ${percentile(latenciesMs, 0.99).toFixed(0)} ms, longest ${Math.max(...latenciesMs).toFixed(0)} ms`,
      );
      if (attacker.exitCode === null) await once(attacker, 'exit');
      expect(attacker.exitCode).toBe(0);
      expect(backend.child.exitCode).toBeNull();
      const asked = [...outcomes.values()].reduce((sum, times) => sum + times, 0);
      expect(outcomes.count(200) / asked, String(outcomes)).toBeGreaterThanOrEqual(0.95);
    },
    SOAK_TIMEOUT_MS,
  );
});

it('a service that has lived through all of this stops within its time-outs', async () => {
  const metrics = await (await backend.fetch('/metrics')).text();
  const megabytes = Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1]) / 2 ** 20;
  report(`memory after the attacks: ${megabytes.toFixed(0)} MB`);
  const stoppedAt = performance.now();
  backend.child.kill('SIGTERM');
  await backend.exited;
  const seconds = (performance.now() - stoppedAt) / 1_000;
  report(`stop after the attacks: ${seconds.toFixed(1)} s`);
  expect(seconds).toBeLessThan(2 + 4 + 5);
});
