import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { post } from './backend.js';
import { eventually } from './eventually.js';
import { ANSWER_MS_MAX, loadDuring, POOL_MAX, statusesOf, useFaultyService } from './faulty-service.js';
import { inGateOrSoak, report, SOAK_TIMEOUT_MS } from './soak.js';

// Whatever happens to the database: the service stays up and live, says the truth, loses nothing that it has acknowledged,
// and needs no restart to recover.

const TERMINATING_MS = inGateOrSoak(1_000, 30_000);
const RESTARTS = inGateOrSoak(1, 5);
const FROZEN_MS = inGateOrSoak(0, 10_000);

const service = useFaultyService();

it('absent at the start: live, not ready, 503 at once, and all well without a restart once it is there', async () => {
  expect((await service.ask('/livez')).status).toBe(200);
  expect((await service.ask('/readyz')).status).toBe(503);
  expect((await service.ask('/metrics')).status).toBe(200);
  const health = await service.ask('/health');
  expect(health).toMatchObject({ status: 503, body: expect.stringContaining('"disconnected"') });
  expect((await service.ask('/products')).status).toBe(503);
  report(`absent: /health 503 after ${health.ms.toFixed(0)} ms`);
  service.database.proxy.fault = 'none';
  const startedAt = performance.now();
  await eventually(async () => expect((await service.ask('/products/1')).status).toBe(200));
  report(`absent: first 200 ${(performance.now() - startedAt).toFixed(0)} ms after it is there`);
});

it.each(['fast', 'immediate'] as const)(
  'restarted (%s) under ten writers: nothing acknowledged is lost, nothing but 503',
  async (mode) => {
    let recoveredMs = 0;
    const counts = await service.writeDuring(`restart ${mode}`, async () => {
      for (let round = 0; round < RESTARTS; round += 1) {
        await sleep(200);
        await service.database.restart(mode);
        const acceptsSince = performance.now();
        await eventually(async () => expect((await service.ask('/products/1')).status).toBe(200));
        recoveredMs = Math.max(recoveredMs, performance.now() - acceptsSince);
        await sleep(200);
      }
    });
    report(`restart ${mode}: first 200 ${recoveredMs.toFixed(0)} ms after PostgreSQL accepts again`);
    expect(statusesOf(counts)).toEqual([201, 503]);
  },
  SOAK_TIMEOUT_MS,
);

const terminateAll = () =>
  service.database.query<{ killed: number }>(
    "SELECT count(pg_terminate_backend(pid))::int AS killed FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
  );

async function terminateAgainAndAgain(): Promise<number> {
  let killed = 0;
  for (const until = performance.now() + TERMINATING_MS; performance.now() < until; ) {
    const [row] = await terminateAll();
    killed += row?.killed ?? 0;
    await sleep(100);
  }
  return killed;
}

it(
  'its connections terminated every 100 ms: reads never fail',
  async () => {
    let killed = 0;
    const counts = await loadDuring(
      5,
      async (sequence) => (await service.ask(`/products/${(sequence % 10) + 1}`)).status,
      async () => {
        killed = await terminateAgainAndAgain();
      },
    );
    report(`terminated: ${counts.get(200)} reads, ${killed} connections killed, ${counts.get(503) ?? 0} × 503`);
    expect(statusesOf(counts)).toEqual([200]);
  },
  SOAK_TIMEOUT_MS,
);

it(
  'its connections terminated every 100 ms: a write fails at most once a kill, and none that succeeded is lost',
  async () => {
    let killed = 0;
    const counts = await service.writeDuring('terminated', async () => {
      killed = await terminateAgainAndAgain();
    });
    report(`terminated: ${counts.get(201)} writes, ${killed} connections killed, ${counts.get(503) ?? 0} × 503`);
    expect(counts.get(503) ?? 0).toBeLessThanOrEqual(killed);
    expect(statusesOf(counts).every((status) => status === 201 || status === 503)).toBe(true);
  },
  SOAK_TIMEOUT_MS,
);

it('frozen: 503 within the time-outs, live, /health says so in 2 s', async () => {
  await service.database.freeze();
  try {
    // Those that have a connection of their own, and those that wait for one first.
    const count = POOL_MAX + 3;
    const answers = await Promise.all(
      Array.from({ length: count }, (_, index) => service.ask(`/products/${index + 1}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(count).fill(503));
    const times = answers.map(({ ms }) => ms).sort((one, other) => one - other);
    const slowest = times.at(-1) ?? Number.NaN;
    const health = await service.ask('/health');
    expect(health.status).toBe(503);
    report(
      `frozen: 503 after ${times.slice(0, POOL_MAX).at(-1)?.toFixed(0)} ms, ${slowest.toFixed(0)} ms for those that waited; /health after ${health.ms.toFixed(0)} ms`,
    );
    expect(slowest).toBeLessThan(ANSWER_MS_MAX);
    expect(health.ms).toBeLessThan(5_000);
    expect((await service.ask('/livez')).status).toBe(200);
    await sleep(FROZEN_MS);
  } finally {
    service.database.thaw();
  }
}, 60_000);

it('read-only: reads are answered, writes 503, and neither is lost', async () => {
  await service.database.query('ALTER SYSTEM SET default_transaction_read_only = on');
  await service.database.query('SELECT pg_reload_conf()');
  await terminateAll();
  await eventually(async () => {
    expect((await service.ask('/products', post({ name: 'ro', price: 1, category: 'faults' }))).status).toBe(503);
  });
  expect((await service.ask('/products/1')).status).toBe(200);
  await service.database.query('ALTER SYSTEM RESET default_transaction_read_only');
  await service.database.query('SELECT pg_reload_conf()');
  await terminateAll();
  await eventually(async () => {
    expect((await service.ask('/products', post({ name: 'rw', price: 1, category: 'faults' }))).status).toBe(201);
  });
});

it('its connections used up by others: 503, until some are free', async () => {
  await terminateAll();
  const others = [];
  try {
    for (;;) others.push(await service.database.connect());
  } catch (error) {
    expect(error).toMatchObject({ code: '53300' });
  }
  expect(await service.ask('/products/1')).toMatchObject({
    status: 503,
    body: expect.stringContaining('SERVICE_UNAVAILABLE'),
  });
  await Promise.all(others.map((client) => client.end()));
});

it('its table locked: 503 after DB_QUERY_TIMEOUT, and the server has given the statements up', async () => {
  const locker = await service.database.connect();
  await locker.query('BEGIN; LOCK TABLE products IN ACCESS EXCLUSIVE MODE');
  const answers = await Promise.all(Array.from({ length: 5 }, (_, index) => service.ask(`/products/${index + 1}`)));
  expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(503));
  // The database answers: it is one table that does not.
  expect((await service.ask('/health')).status).toBe(200);
  const { rows } = await locker.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
  expect(rows).toEqual([]);
  await locker.query('ROLLBACK');
  await locker.end();
}, 30_000);

it('busy: hundreds at once get an answer or a 503 in time, on no more connections than configured', async () => {
  let most = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const [row] = await service.database.query<{ count: number }>(
        "SELECT count(*)::int AS count FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
      );
      most = Math.max(most, row?.count ?? 0);
    }
  })();
  service.database.proxy.fault = { delayMs: 20 };
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, index) => service.ask(`/products/${(index % 10) + 1}`)),
  );
  service.database.proxy.fault = 'none';
  isOver = true;
  await watching;
  const statuses = new Set(answers.map(({ status }) => status));
  const slowest = Math.max(...answers.map(({ ms }) => ms));
  report(
    `busy: ${answers.filter(({ status }) => status === 200).length} × 200 of 500, slowest ${slowest.toFixed(0)} ms, ${most} connections`,
  );
  expect([...statuses].every((status) => status === 200 || status === 503)).toBe(true);
  // And one for the checks.
  expect(most).toBeLessThanOrEqual(POOL_MAX + 1);
  expect(slowest).toBeLessThan(ANSWER_MS_MAX);
}, 60_000);
