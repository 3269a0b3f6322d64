import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase } from '@products/db/testing';
import { expect, inject, it } from 'vitest';
import { post, run, startOnSamples, urlOf } from './backend.js';
import { eventually } from './eventually.js';
import { loadDuring } from './faulty-service.js';
import { startReplicatedDatabase } from './replicated-database.js';
import { report } from './soak.js';

// After a failover the service finds the new primary by itself, and has lost nothing that it acknowledged.

const WRITERS = 20;

/** The contract's two seconds, on a machine that is busy. */
const WRITES_AGAIN_MS_MAX = 10_000;

/** What a silent host costs. */
const CONNECT_TIMEOUT_S = 4;

/** How the service is told of the two servers, and how it comes to the promoted one. */
const ways = [
  {
    name: 'with several hosts and target_session_attrs=read-write',
    urlOf: (primary: URL, replica: URL) => {
      const { username, password, pathname } = primary;
      return `postgresql://${username}:${password}@${primary.host},${replica.host}${pathname}?sslmode=disable&target_session_attrs=read-write`;
    },
    isMoved: false,
  },
  {
    name: 'with one host whose name leads elsewhere',
    urlOf: (primary: URL) => primary.href,
    isMoved: true,
  },
];

it.each(ways)(
  '$name: writes go on, and every acknowledged row is there',
  async ({ urlOf: urlFor, isMoved }) => {
    const { primary, replica, stop } = await startReplicatedDatabase({ isSynchronous: true });
    await using service = run({
      DATABASE_URL: urlFor(new URL(primary.url), new URL(replica.url)),
      DB_POOL_SIZE: '5',
      DB_MAX_OVERFLOW: '0',
    });
    const url = await urlOf(service);
    const acknowledged: string[] = [];
    let promotedAt = Number.NaN;
    let writesAgainMs = Number.NaN;
    const counts = await loadDuring(
      WRITERS,
      async (sequence) => {
        const name = `failover ${sequence}`;
        const sentAt = performance.now();
        const { status } = await fetch(`${url}/products`, post({ name, price: 1, category: 'failover' }));
        if (status !== 201) return status;
        acknowledged.push(name);
        if (sentAt > promotedAt && Number.isNaN(writesAgainMs)) writesAgainMs = performance.now() - promotedAt;
        return status;
      },
      async () => {
        await sleep(500);
        await primary.kill();
        await sleep(500);
        await replica.query('SELECT pg_promote()');
        promotedAt = performance.now();
        if (isMoved) {
          primary.proxy.target = replica.target;
          primary.proxy.reset();
        }
        await eventually(() => expect(writesAgainMs).not.toBeNaN());
        await sleep(300);
      },
    );
    const rows = await replica.query<{ name: string }>("SELECT name FROM products WHERE category = 'failover'");
    const stored = new Set(rows.map(({ name }) => name));
    expect(acknowledged.filter((name) => !stored.has(name))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(WRITERS);
    expect([...counts.keys()].every((status) => status === 201 || status === 503)).toBe(true);
    expect(writesAgainMs).toBeLessThan(WRITES_AGAIN_MS_MAX);
    report(`failover: ${acknowledged.length} acknowledged, 0 lost; writes again after ${writesAgainMs.toFixed(0)} ms`);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await service.stop()).toBe(0);
    await stop();
  },
  120_000,
);

it('a write sent after the promotion does not wait for the old primary, whose machine is silent', async () => {
  const { primary, replica, stop } = await startReplicatedDatabase();
  const [{ username, password, pathname, host }, second] = [new URL(primary.url), new URL(replica.url)];
  await using service = run({
    DATABASE_URL: `postgresql://${username}:${password}@${host},${second.host}${pathname}?sslmode=disable&target_session_attrs=read-write&connect_timeout=${CONNECT_TIMEOUT_S}`,
    DB_QUERY_TIMEOUT: String(CONNECT_TIMEOUT_S + 2),
  });
  const url = await urlOf(service);
  const create = async () => {
    const sentAt = performance.now();
    const { status } = await fetch(`${url}/products`, post({ name: 'Vase', price: 1, category: 'Maison' }));
    return { status, tookMs: performance.now() - sentAt };
  };
  expect(await create()).toMatchObject({ status: 201 });
  primary.proxy.fault = 'blackhole';
  // On the connection that was there, and on a new one.
  expect(await create()).toMatchObject({ status: 503 });
  expect(await create()).toMatchObject({ status: 503 });
  await replica.query('SELECT pg_promote()');
  const { status, tookMs } = await create();
  expect(status).toBe(201);
  expect(tookMs).toBeLessThan(CONNECT_TIMEOUT_S * 1_000);
  await service.stop();
  await stop();
});

it('a role that was read-only for a while is written with as soon as it is not, although its connections still are', async () => {
  const database = await createTestDatabase(inject('serverUrl'), inject('seededTemplate'));
  const role = `role_${new URL(database.url).pathname.slice(1)}`;
  await database.query(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD 'secret'`);
  const url = new URL(database.url);
  url.username = role;
  url.password = 'secret';
  await using service = await startOnSamples({ DATABASE_URL: url.href, DB_POOL_SIZE: '5' });
  const create = () => service.fetch('/products', post({ name: 'Vase', price: 1, category: 'Maison' }));
  const read = () => service.fetch('/products/1');
  const statuses = async (ask: () => Promise<Response>) =>
    new Set(await Promise.all(Array.from({ length: 12 }, () => ask().then(({ status }) => status))));
  await database.query(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
  expect(await statuses(create)).toEqual(new Set([503]));
  expect(await statuses(read)).toEqual(new Set([200]));
  await database.query(`ALTER ROLE ${role} RESET default_transaction_read_only`);
  expect(await statuses(create)).toEqual(new Set([201]));
  await service.stop();
  await database.drop();
});
