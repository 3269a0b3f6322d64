import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expectations, verifyTelemetry } from '@products/acceptance';
import { initDatabase, parseDatabaseUrl } from '@products/db';
import { createTestDatabase, startTestServer, type TestDatabase, type TestServer } from '@products/db/testing';
import { startJaegerAgent } from '@products/jaeger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, type RunningProcess, readError, run, urlOf } from '../backend.js';
import { eventually } from '../eventually.js';
import { type PgBouncer, startPgBouncer } from '../pgbouncer.js';

// A transaction pooler gives each statement the server connection that happens to be free.

const POOL_SIZE = 3;
const cli = path.resolve(import.meta.dirname, '../../../../packages/db/dist/cli.js');

interface TrpcAnswer {
  readonly result: { readonly data: { readonly id: number } };
}

let server: TestServer;
let database: TestDatabase;
let bouncer: PgBouncer;

beforeAll(async () => {
  server = await startTestServer();
  database = await createTestDatabase(server.url, 'template0');
  // What the service cannot say through the pooler, an administrator says once.
  await database.query(`ALTER ROLE CURRENT_USER IN DATABASE ${new URL(database.url).pathname.slice(1)}
    SET statement_timeout = '4500ms'`);
  bouncer = await startPgBouncer(database.url, POOL_SIZE);
});
afterAll(async () => {
  await bouncer.stop();
  await database.drop();
  await server.stop();
});

const start = async (environment: Readonly<Record<string, string>> = {}) => {
  const running = run({
    DATABASE_URL: bouncer.url,
    DB_PREPARED_STATEMENTS: 'off',
    DB_QUERY_TIMEOUT: '5',
    SLOW_ENDPOINT_DELAY: '0.1',
    ...environment,
  });
  return { running, url: await urlOf(running) };
};
const stop = async (running: RunningProcess) => {
  expect(await running.stop()).toBe(0);
};

it('db:init works, from several places at once, and leaves no lock with the pooler', async () => {
  const init = () =>
    execFileSync(process.execPath, [cli, 'init'], { encoding: 'utf8', env: { DATABASE_URL: bouncer.url } });
  const connection = parseDatabaseUrl(bouncer.url);
  const made = await Promise.all(Array.from({ length: 2 * POOL_SIZE }, () => initDatabase(connection)));
  const added = made.map((each) => each.added);
  expect(added.sort((a, b) => b - a)).toEqual([10, ...Array(2 * POOL_SIZE - 1).fill(0)]);
  expect(init()).toContain('rien n’a été ajouté');
  expect(await database.query("SELECT pid FROM pg_locks WHERE locktype = 'advisory'")).toEqual([]);
});

describe('with DB_PREPARED_STATEMENTS=off', () => {
  it('every route and procedure leaves behind what it leaves behind without the pooler, span names included', async () => {
    const agent = await startJaegerAgent();
    const { running, url } = await start({ JAEGER_AGENT_PORT: String(agent.port) });
    const { results, problems } = await verifyTelemetry({ url, lines: () => running.lines, agent });
    for (const { expectation, problems: found } of results) expect(found, expectation.request.name).toEqual([]);
    expect(results).toHaveLength(expectations.length);
    expect(problems).toEqual([]);
    expect(running.lines.filter(({ level, trace_id }) => level === 'WARNING' && trace_id === undefined)).toEqual([]);
    await stop(running);
    await agent.stop();
  });

  it('many requests at once, through both transports, get their own answers over a few connections', async () => {
    const { running, url } = await start();
    const ask = async (index: number) => {
      const product = { name: `produit ${index}`, price: index + 0.25, category: 'Pooler' };
      const target = index % 2 === 0 ? '/products' : '/trpc/products.create';
      const created = await fetch(`${url}${target}`, post(product));
      const answer = (await created.json()) as { id: number } & TrpcAnswer;
      const { id } = index % 2 === 0 ? answer : answer.result.data;
      const byId = `/trpc/products.byId?input=${encodeURIComponent(JSON.stringify({ id }))}`;
      const [rest, trpc, page] = await Promise.all(
        [`/products/${id}`, byId, `/products?limit=1&after=${id - 1}`].map(async (target) => {
          const response = await fetch(`${url}${target}`);
          expect(response.status).toBe(200);
          return response.json() as Promise<TrpcAnswer>;
        }),
      );
      expect(rest).toMatchObject({ id, ...product });
      expect(trpc?.result.data).toEqual(rest);
      expect(page).toEqual([rest]);
    };
    await Promise.all(Array.from({ length: 200 }, (_, index) => ask(index)));
    const [connections] = await database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    expect(connections?.count).toBeLessThanOrEqual(POOL_SIZE);
    await stop(running);
  });

  it('a write that waits too long is given up by the server too', async () => {
    const { running, url } = await start();
    const [before] = await database.query<{ count: number }>('SELECT count(*)::int AS count FROM products');
    const busy = database.query('BEGIN; LOCK TABLE products; SELECT pg_sleep(4); SELECT pg_sleep(4); COMMIT');
    await eventually(async () => {
      expect(
        await database.query("SELECT pid FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"),
      ).not.toEqual([]);
    });
    expect((await fetch(`${url}/products`, post({ name: 'tard', price: 1, category: 'x' }))).status).toBe(503);
    await busy;
    expect(await database.query('SELECT count(*)::int AS count FROM products')).toEqual([before]);
    await stop(running);
  });

  it('the start warns of a server that would not give it up', async () => {
    const { running } = await start({ DB_QUERY_TIMEOUT: '0.5' });
    expect(await running.waitForLine(/^statement_timeout absent/)).toMatchObject({
      level: 'WARNING',
      timeout_seconds: 0.5,
    });
    await stop(running);
  });

  it('/health and /readyz say when the pooler is gone, and when it is back', async () => {
    const { running, url } = await start();
    const states = () =>
      Promise.all(['/health', '/readyz'].map(async (route) => (await fetch(`${url}${route}`)).status));
    expect(await states()).toEqual([200, 200]);
    await bouncer.kill();
    expect(await states()).toEqual([503, 503]);
    expect((await fetch(`${url}/products/1`)).status).toBe(503);
    await bouncer.start();
    expect(await states()).toEqual([200, 200]);
    expect((await fetch(`${url}/products/1`)).status).toBe(200);
    await stop(running);
  });
});

describe('with prepared statements, which this pooler does not follow', () => {
  it('every statement is refused, and the log says which parameter it is', async () => {
    const { running, url } = await start({ DB_PREPARED_STATEMENTS: 'on' });
    const response = await fetch(`${url}/products`);
    expect(response.status).toBe(503);
    expect((await readError(response)).code).toBe('SERVICE_UNAVAILABLE');
    await eventually(() =>
      expect(JSON.stringify(running.lines)).toContain('unsupported startup parameter: statement_timeout'),
    );
    await stop(running);
  });

  it('a pooler told to ignore that parameter makes errors of statements, and never wrong data', async () => {
    const tolerant = await startPgBouncer(database.url, POOL_SIZE, { ignore_startup_parameters: 'statement_timeout' });
    const { running, url } = await start({ DATABASE_URL: tolerant.url, DB_PREPARED_STATEMENTS: 'on' });
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const id = 1 + (index % 10);
        const response = await fetch(`${url}/products/${id}`);
        const answer = await response.json();
        if (response.status === 200) expect(answer).toMatchObject({ id });
        return response.status;
      }),
    );
    expect(statuses.filter((status) => status >= 500).length).toBeGreaterThan(0);
    await eventually(() =>
      expect(JSON.stringify(running.lines)).toMatch(/prepared statement .+ (already exists|does not exist)/),
    );
    await stop(running);
    await tolerant.stop();
  });
});
