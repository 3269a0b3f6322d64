import { type JaegerAgent, startJaegerAgent } from '@products/jaeger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, type RunningProcess, run, traceIdOf, urlOf } from './backend.js';
import { eventually } from './eventually.js';
import { type ReplicatedDatabase, startReplicatedDatabase } from './replicated-database.js';

let agent: JaegerAgent;
let databases: ReplicatedDatabase;
let service: RunningProcess;
let url: string;

beforeAll(async () => {
  [agent, databases] = await Promise.all([startJaegerAgent(), startReplicatedDatabase()]);
  service = run({
    DATABASE_URL: databases.primary.url,
    DATABASE_REPLICA_URL: databases.replica.url,
    JAEGER_AGENT_PORT: String(agent.port),
    DB_POOL_SIZE: '3',
    DB_QUERY_TIMEOUT: '1',
  });
  url = await urlOf(service);
});
afterAll(async () => {
  await service.stop();
  await databases.stop();
  await agent.stop();
});

const get = (path: string) => fetch(`${url}${path}`);
const getJson = async (path: string) => (await get(path)).json();
const trpc = (procedure: string, input: unknown) =>
  `/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`;

/** Where the statements of this response's request went to, by their spans. */
async function portsOf(response: Response): Promise<number[]> {
  const traceId = traceIdOf(response);
  await response.arrayBuffer();
  const statements = () =>
    agent.spans().filter((span) => span.traceId === traceId && span.operationName.startsWith('db_'));
  await eventually(() => expect(statements()).not.toEqual([]));
  return statements()
    .toSorted((a, b) => a.startMicroseconds - b.startMicroseconds)
    .map(({ tags }) => Number(tags['server.port']));
}
const warnings = () => service.lines.filter(({ message }) => message.startsWith('Réplica indisponible'));
const poolGauges = async () =>
  Object.fromEntries(
    [...(await (await get('/metrics')).text()).matchAll(/^database_connection_pool\{status="(\w+)"\} (\d+)$/gm)].map(
      ([, status, value]) => [String(status), Number(value)],
    ),
  );

describe('a service with a replica', () => {
  it('reads there through both transports, writes and checks on the primary', async () => {
    const { primary, replica } = databases;
    for (const path of [
      '/products',
      '/products?limit=2',
      '/products/1',
      trpc('products.list', {}),
      trpc('products.byId', { id: 1 }),
    ]) {
      const response = await get(path);
      expect(response.status).toBe(200);
      expect(await portsOf(response), path).toEqual([replica.proxy.port]);
    }
    expect(await portsOf(await fetch(`${url}/products`, post({ name: 'a', price: 1, category: 'b' })))).toEqual([
      primary.proxy.port,
    ]);
    expect(await portsOf(await get('/health'))).toEqual([primary.proxy.port]);
  });

  it('shows a write once the replica has it', async () => {
    const { primary, replica } = databases;
    await replica.query('SELECT pg_wal_replay_pause()');
    const created = await fetch(`${url}/products`, post({ name: 'en route', price: 1, category: 'b' }));
    expect(created.status).toBe(201);
    const location = String(created.headers.get('location'));
    expect(await primary.query("SELECT name FROM products WHERE name = 'en route'")).toHaveLength(1);
    expect((await get(location)).status).toBe(404);
    await replica.query('SELECT pg_wal_replay_resume()');
    await eventually(async () => expect(await getJson(location)).toMatchObject({ name: 'en route' }));
  });

  it('counts the connections to both in one gauge', async () => {
    expect(await poolGauges()).toEqual({ size: 6, checked_out: 0, idle: expect.any(Number), waiting: 0 });
    const { primary, replica } = databases;
    const text = `SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND query <> 'SELECT 1'`;
    const counts = await Promise.all([primary, replica].map((server) => server.query<{ count: number }>(text)));
    expect((await poolGauges())['idle']).toBe(counts.flat().reduce((sum, { count }) => sum + count, 0));
  });

  it('reads on the primary while the replica is lost, warns once, is healthy, and needs no restart', async () => {
    const { primary, replica } = databases;
    replica.proxy.fault = 'refuse';
    replica.proxy.reset();
    const responses = await Promise.all(Array.from({ length: 20 }, () => get('/products')));
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(await portsOf(await get('/products/1'))).toEqual([primary.proxy.port]);
    expect((await get('/products/2147483647')).status).toBe(404);
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toMatchObject({ level: 'WARNING', reason: expect.any(String) });
    expect([(await get('/health')).status, (await get('/readyz')).status]).toEqual([200, 200]);
    replica.proxy.fault = 'none';
    await eventually(async () => expect(await portsOf(await get('/products/1'))).toEqual([replica.proxy.port]));
  });

  it('answers what waited for a replica that hangs, and what comes after at once', async () => {
    const { primary, replica } = databases;
    replica.proxy.fault = 'blackhole';
    const waiting = await get('/products');
    expect(waiting.status).toBe(200);
    expect(await portsOf(waiting)).toEqual([replica.proxy.port, primary.proxy.port]);
    const startedAt = performance.now();
    for (let index = 0; index < 20; index += 1) expect((await get('/products/1')).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(warnings()).toHaveLength(1);
    replica.proxy.fault = 'none';
    replica.proxy.reset();
    await eventually(async () => expect(await portsOf(await get('/products/1'))).toEqual([replica.proxy.port]));
  });

  it('still reads when the primary is lost, and says that it is', async () => {
    const { primary } = databases;
    primary.proxy.fault = 'refuse';
    primary.proxy.reset();
    expect((await get('/products/1')).status).toBe(200);
    expect((await fetch(`${url}/products`, post({ name: 'a', price: 1, category: 'b' }))).status).toBe(503);
    expect([(await get('/health')).status, (await get('/readyz')).status]).toEqual([503, 503]);
    primary.proxy.fault = 'none';
  });
});

it('reads on when the replica’s server has ended, also a service that starts then', async () => {
  const { primary, replica } = databases;
  await replica.end();
  expect((await get('/products')).status).toBe(200);
  await using late = run({ DATABASE_URL: primary.url, DATABASE_REPLICA_URL: replica.url });
  const lateUrl = await urlOf(late);
  await late.waitForLine(/^Base de données injoignable au démarrage/);
  expect((await fetch(`${lateUrl}/products`)).status).toBe(200);
  expect(await late.stop()).toBe(0);
});
