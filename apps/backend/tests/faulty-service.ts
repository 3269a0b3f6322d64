// A service whose database fails in many ways, and clients that record its answers.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { post, type RunningProcess, run, urlOf } from './backend.js';
import { eventually } from './eventually.js';
import { type FaultyDatabase, startFaultyDatabase } from './faulty-database.js';
import { report } from './soak.js';

export const POOL_MAX = 5;

/** Connecting, waiting for a connection and the statement, and as much again for a machine that is slow. */
export const ANSWER_MS_MAX = 2 * (5_000 + 2_000 + 1_000);

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly ms: number;
}

/** The service that the tests of one file share. */
export interface FaultyService {
  readonly database: FaultyDatabase;
  ask(path: string, init?: RequestInit): Promise<Answer>;
  /** Writes during the work, and finds afterwards every product that was acknowledged, once. */
  writeDuring(name: string, work: () => Promise<unknown>): Promise<Map<number, number>>;
}

/**
 * Starts it before the tests, with its database not there yet, and stops it after them. After each test it has to be back
 * to normal within seconds, with no connection and no place in the queue lost.
 */
export function useFaultyService(): FaultyService {
  let database: FaultyDatabase;
  let service: RunningProcess;
  let url: string;

  beforeAll(async () => {
    database = await startFaultyDatabase({ max_connections: '20' });
    database.proxy.fault = 'refuse';
    service = run({
      DATABASE_URL: database.url,
      DB_POOL_SIZE: '3',
      DB_MAX_OVERFLOW: String(POOL_MAX - 3),
      DB_QUERY_TIMEOUT: '1',
      DB_POOL_TIMEOUT: '2',
    });
    url = await urlOf(service);
  }, 60_000);

  afterAll(async () => {
    expect(await service.stop(), JSON.stringify(service.lines.slice(-3))).toBe(0);
    await database.stop();
  });

  afterEach(async () => {
    await eventually(async () => expect((await ask('/products/1')).status).toBe(200));
    expect((await ask('/readyz')).status).toBe(200);
    const { body } = await ask('/metrics');
    expect(body).toContain('database_connection_pool{status="checked_out"} 0\n');
    expect(body).toContain('database_connection_pool{status="waiting"} 0\n');
    expect(service.child.exitCode).toBeNull();
  });

  async function ask(path: string, init?: RequestInit): Promise<Answer> {
    const startedAt = performance.now();
    const response = await fetch(`${url}${path}`, init);
    const body = await response.text();
    if (response.status === 503) expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
    return { status: response.status, body, ms: performance.now() - startedAt };
  }

  async function writeDuring(name: string, work: () => Promise<unknown>): Promise<Map<number, number>> {
    const acknowledged: string[] = [];
    const refused = new Set<string>();
    const counts = await loadDuring(
      10,
      async (sequence) => {
        const product = `${name} ${sequence}`;
        const { status } = await ask('/products', post({ name: product, price: 1, category: 'faults' }));
        if (status === 201) acknowledged.push(product);
        else refused.add(product);
        return status;
      },
      work,
    );
    const rows = await database.query<{ name: string; count: number }>(
      `SELECT name, count(*)::int AS count FROM products WHERE name LIKE '${name} %' GROUP BY name`,
    );
    const stored = new Map(rows.map((row) => [row.name, row.count]));
    expect(acknowledged.filter((product) => stored.get(product) !== 1)).toEqual([]);
    const both = [...refused].filter((product) => stored.has(product)).length;
    report(`${name}: ${acknowledged.length} acknowledged, 0 lost; ${refused.size} refused, ${both} of them stored`);
    return counts;
  }

  return {
    get database() {
      return database;
    },
    ask,
    writeDuring,
  };
}

/** Asks again and again until the work is over. Resolves with how often each status came. */
export async function loadDuring(
  clients: number,
  send: (sequence: number) => Promise<number>,
  work: () => Promise<unknown>,
): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  let isOver = false;
  let sequence = 0;
  const load = Array.from({ length: clients }, async () => {
    while (!isOver) {
      sequence += 1;
      const status = await send(sequence);
      counts.set(status, (counts.get(status) ?? 0) + 1);
      await sleep(5);
    }
  });
  try {
    await work();
  } finally {
    isOver = true;
    await Promise.all(load);
  }
  return counts;
}

export const statusesOf = (counts: ReadonlyMap<number, number>) => [...counts.keys()].sort();
