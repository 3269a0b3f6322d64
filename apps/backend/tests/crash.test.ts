import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Product } from '@products/api-contract';
import { createTestDatabase } from '@products/db/testing';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { post, type RunningProcess, readJson, run, startOnSamples, urlOf } from './backend.js';
import { createCheckout } from './checkout.js';
import { eventually } from './eventually.js';
import { isRunning } from './is-running.js';
import { askOn, Outcomes } from './load-client.js';
import { inGateOrSoak, report, SOAK_TIMEOUT_MS } from './soak.js';

// Stopped or killed under load, the service answers each accepted request and keeps each acknowledged row.

const STOPS = inGateOrSoak(1, 100);
const KEEP_ALIVE_CLIENTS = inGateOrSoak(50, 200);
const SLOW_CLIENTS = inGateOrSoak(20, 50);
/** Of each client between its requests: load, not overload. */
const PAUSE_MS = 10;
const KILLS = inGateOrSoak(1, 20);

it(
  'SIGTERM under keep-alive load, with /slow in flight: nothing that was accepted is lost',
  async () => {
    for (let round = 0; round < STOPS; round += 1) {
      await using backend = await startOnSamples({ SLOW_ENDPOINT_DELAY: '1' });
      const agent = new Agent({ keepAlive: true, maxSockets: 2 * KEEP_ALIVE_CLIENTS });
      const outcomes = new Outcomes();
      let isOver = false;
      const load = Array.from({ length: KEEP_ALIVE_CLIENTS }, async () => {
        while (!isOver) {
          const outcome = await askOn(agent, backend.url, '/products/1');
          outcomes.add(outcome);
          await sleep(PAUSE_MS);
          if (typeof outcome === 'string') return;
        }
      });
      const slow = Promise.all(Array.from({ length: SLOW_CLIENTS }, () => askOn(agent, backend.url, '/slow')));
      await eventually(() =>
        expect(backend.lines.filter(({ message }) => message === 'Requête reçue: GET /slow')).toHaveLength(
          SLOW_CLIENTS,
        ),
      );
      const signalledAt = performance.now();
      backend.child.kill('SIGTERM');
      expect(new Set(await slow)).toEqual(new Set([200]));
      expect(await backend.exited).toBe(0);
      const tookMs = performance.now() - signalledAt;
      isOver = true;
      await Promise.all(load);
      agent.destroy();
      report(`SIGTERM under load: ${outcomes}; exit 0 after ${tookMs.toFixed(0)} ms`);
      // A new connection that the service has not accepted yet is refused, or reset by the system.
      const accepted = [...outcomes.keys()].filter((outcome) => outcome !== 'ECONNREFUSED' && outcome !== 'ECONNRESET');
      expect(accepted).toEqual([200]);
      const completed = backend.lines.filter(({ message }) => message === 'Requête complétée: GET /products/1');
      expect(completed.map((line) => line['status'])).toEqual(Array(outcomes.count(200)).fill(200));
    }
  },
  SOAK_TIMEOUT_MS,
);

describe('kill -9 under writes: everything acknowledged is there at the next start', () => {
  const checkout = createCheckout();
  afterAll(() => checkout.remove());

  /** Writes until the service is killed, again and again. Resolves with the names that were acknowledged. */
  async function killUnderWrites(start: () => RunningProcess, started = () => {}): Promise<string[]> {
    const acknowledged: string[] = [];
    let slowestStartMs = 0;
    for (let round = 0; round < KILLS; round += 1) {
      const startedAt = performance.now();
      const service = start();
      const url = await urlOf(service);
      started();
      slowestStartMs = Math.max(slowestStartMs, performance.now() - startedAt);
      let isOver = false;
      const writers = Array.from({ length: 10 }, async (_, writer) => {
        for (let sequence = 0; !isOver; sequence += 1) {
          const name = `${round} ${writer} ${sequence}`;
          const answer = await fetch(`${url}/products`, post({ name, price: 1, category: 'load' })).catch(
            () => undefined,
          );
          if (answer?.status === 201) acknowledged.push(name);
          await sleep(PAUSE_MS);
        }
      });
      await sleep(700);
      service.child.kill('SIGKILL');
      isOver = true;
      await Promise.all(writers);
      await service.exited;
    }
    report(`kill -9: ${acknowledged.length} acknowledged, slowest start ${slowestStartMs.toFixed(0)} ms`);
    return acknowledged;
  }

  it(
    'in a database of its own',
    async () => {
      const database = await createTestDatabase(inject('serverUrl'));
      const acknowledged = await killUnderWrites(() => run({ DATABASE_URL: database.url }));
      const rows = await database.query<{ name: string }>('SELECT name FROM products');
      const stored = new Set(rows.map(({ name }) => name));
      expect(acknowledged.filter((name) => !stored.has(name))).toEqual([]);
      await database.drop();
    },
    SOAK_TIMEOUT_MS,
  );

  it(
    'in the embedded one, whose server does not stay behind either',
    async () => {
      const start = () => run({}, { folder: checkout.backendFolder });
      const servers: number[] = [];
      const acknowledged = await killUnderWrites(start, () => servers.push(checkout.serverPid()));
      await using service = start();
      const products = await readJson<Product[]>(fetch(`${await urlOf(service)}/products`));
      const stored = new Set(products.map(({ name }) => name));
      expect(acknowledged.filter((name) => !stored.has(name))).toEqual([]);
      servers.push(checkout.serverPid());
      expect(await service.stop()).toBe(0);
      await eventually(() => expect(servers.filter(isRunning)).toEqual([]));
    },
    SOAK_TIMEOUT_MS,
  );
});
