import { setTimeout as sleep } from 'node:timers/promises';
import { initDatabase, parseDatabaseUrl } from '@products/db';
import { findFreePort } from '@products/db/testing';
import { expect, it, onTestFinished } from 'vitest';
import { type RunningProcess, run } from '../backend.js';
import { eventually } from '../eventually.js';
import { report } from '../soak.js';
import { type ClientView, watchAsClients } from './client-view.js';
import { startPatroniCluster } from './patroni-cluster.js';
import { childrenOf, type Machine } from './patroni-machine.js';

// The arrangement of docs/scaling.md: the primary's machine is lost under load, comes back, and is handed over to.

const WORKERS = 4;
const CLIENTS = { read: 3, write: 3 };

/** The contract's two seconds, on a machine that is busy. */
const AGAIN_MS_MAX = 10_000;

/** How long clients are watched before the first event, and after each. */
const WATCH_MS = 3_000;

interface WatchedService {
  readonly name: string;
  readonly url: string;
  readonly service: RunningProcess;
  readonly workers: readonly number[];
  readonly clients: ClientView;
}

it('a lost primary, its return and a switchover cost no acknowledged write, no worker, and no other answer than 503', async () => {
  const cluster = await startPatroniCluster();
  onTestFinished(cluster.stop);
  const [a, b] = cluster.machines;
  const primary = { DATABASE_URL: urlOf(a, b, 'read-write') };
  const standby = { DATABASE_REPLICA_URL: urlOf(b, a, 'prefer-standby') };
  await initDatabase(parseDatabaseUrl(primary.DATABASE_URL));
  const watched = [
    await startWatched('DATABASE_URL alone', primary),
    await startWatched('with DATABASE_REPLICA_URL', { ...primary, ...standby }),
  ];
  await observe(watched, 'undisturbed', () => sleep(WATCH_MS));

  await observe(watched, 'primary lost', async () => {
    await a.crash();
    const lostAt = performance.now();
    for (const { url } of watched) {
      await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(503));
    }
    const primaryAt = await becamePrimary(b);
    report(`Patroni promoted the standby ${(primaryAt - lostAt).toFixed(0)} ms after the loss`);
    await servedAgain(watched, primaryAt);
    await sleep(WATCH_MS);
  });

  await observe(watched, 'old primary returns', async () => {
    const bootedAt = performance.now();
    await a.boot();
    await cluster.isInOrder(b);
    const way = a.log.includes('running pg_rewind') ? 'with pg_rewind' : 'without pg_rewind';
    const tookMs = performance.now() - bootedAt;
    report(`Patroni made the old primary a synchronous standby, ${way}, ${tookMs.toFixed(0)} ms after its return`);
    await sleep(WATCH_MS);
  });

  await observe(watched, 'switchover', async () => {
    const askedAt = performance.now();
    const [primaryAt] = await Promise.all([becamePrimary(a), cluster.switchOver(b, a)]);
    report(`Patroni switched over in ${(primaryAt - askedAt).toFixed(0)} ms`);
    await servedAgain(watched, primaryAt);
    await cluster.isInOrder(a);
    await sleep(WATCH_MS);
  });

  for (const each of watched) {
    await each.clients.stop();
    await assertKept(each, cluster.machines);
    await assertTold(each, cluster.machines);
    expect(childrenOf(each.service.child.pid ?? 0)).toEqual(each.workers);
    expect((await fetch(`${each.url}/readyz`)).status).toBe(200);
    expect(await each.service.stop()).toBe(0);
  }
});

function urlOf(first: Machine, second: Machine, target: string): string {
  const { username, password, host, pathname } = first.url;
  return `postgresql://${username}:${password}@${host},${second.url.host}${pathname}?sslmode=disable&target_session_attrs=${target}`;
}

async function startWatched(name: string, environment: Readonly<Record<string, string>>): Promise<WatchedService> {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const service = run({
    PORT: String(port),
    WEB_CONCURRENCY: String(WORKERS),
    DB_PREPARED_STATEMENTS: 'off',
    DB_POOL_SIZE: '4',
    DB_MAX_OVERFLOW: '4',
    DB_QUERY_TIMEOUT: '5',
    LOG_LEVEL: 'WARNING',
    ...environment,
  });
  const workers = () => childrenOf(service.child.pid ?? 0);
  await eventually(async () => {
    expect(workers()).toHaveLength(WORKERS);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
  const clients = watchAsClients(url, name, CLIENTS);
  onTestFinished(clients.stop);
  return { name, url, service, workers: workers(), clients };
}

async function observe(watched: readonly WatchedService[], event: string, work: () => Promise<unknown>): Promise<void> {
  const from = performance.now();
  await work();
  const to = performance.now();
  for (const { name, clients } of watched) {
    for (const kind of ['read', 'write'] as const) report(`${event}, ${name}: ${clients.describe(kind, from, to)}`);
  }
}

async function becamePrimary(machine: Machine): Promise<number> {
  await eventually(async () => expect(await machine.isPrimary()).toBe(true));
  return performance.now();
}

/** Waits until each service has answered a read and a write that were sent after this moment. */
async function servedAgain(watched: readonly WatchedService[], primaryAt: number): Promise<void> {
  for (const { name, clients } of watched) {
    for (const kind of ['read', 'write'] as const) {
      const servedAt = await eventually(() => {
        const found = clients.firstSuccess(kind, primaryAt);
        if (found === undefined) throw new Error(`${name}: no ${kind} has succeeded yet`);
        return found;
      });
      report(`${name}: ${kind}s succeed ${(servedAt - primaryAt).toFixed(0)} ms after there is a primary`);
      expect(servedAt - primaryAt).toBeLessThan(AGAIN_MS_MAX);
    }
  }
}

/** All that was acknowledged is on each server, and nothing was answered that the contract does not have. */
async function assertKept({ name, clients }: WatchedService, machines: readonly Machine[]): Promise<void> {
  const { acknowledged, outcomes } = clients;
  let storedCount = 0;
  for (const machine of machines) {
    const rows = await machine.query<{ name: string }>(`SELECT name FROM products WHERE category = '${name}'`);
    const stored = new Set(rows.map((row) => row.name));
    const lost = acknowledged.filter((product) => !stored.has(product));
    expect(lost, `lost on ${machine.name}`).toEqual([]);
    storedCount = stored.size;
  }
  const unsure = storedCount - acknowledged.length;
  report(`${name}: ${acknowledged.length} writes acknowledged, 0 lost; ${unsure} stored although answered with 503`);
  report(`${name}: all answers: ${outcomes}`);
  expect(new Set(outcomes.keys())).toEqual(new Set([200, 201, 503]));
}

/** The metrics of all workers have what the clients saw, and the lines have each 503 and its cause. */
async function assertTold(
  { name, url, service, clients }: WatchedService,
  machines: readonly Machine[],
): Promise<void> {
  const { outcomes } = clients;
  const errors = () => service.lines.filter(({ message }) => message.startsWith('Erreur: '));
  await eventually(async () => {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    for (const status of [200, 201, 503]) {
      const samples = metrics.matchAll(new RegExp(`^http_requests_total\\{.*status="${status}"\\} (\\d+)$`, 'gm'));
      expect([...samples].reduce((sum, [, value]) => sum + Number(value), 0)).toBe(outcomes.count(status));
    }
    expect(metrics).toContain('database_connection_pool{status="checked_out"} 0\n');
    expect(metrics).toContain('database_connection_pool{status="waiting"} 0\n');
    expect(errors()).toHaveLength(outcomes.count(503));
  });
  const causes = new Set<string>();
  for (const { exc_info } of errors()) {
    const [, cause] = /^DatabaseUnavailableError: (.*)/.exec(String(exc_info ?? '')) ?? [];
    if (cause !== undefined)
      causes.add(machines.reduce((text, { name, url }) => text.replaceAll(url.host, name), cause));
  }
  for (const cause of causes) report(`${name}, a cause in the lines: ${cause}`);
}
