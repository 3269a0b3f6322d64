import { startJaegerAgent } from '@products/jaeger';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, post, readError, startBackend, traceIdOf } from './backend.js';
import { eventually } from './eventually.js';
import { requestLine, sendRaw } from './raw-http.js';

// One connection, one place to wait for it, both taken: what comes now is refused at once, and at little cost.

const agent = await startJaegerAgent();
let backend: Backend;
let locker: pg.Client;
const waiting: Promise<Response>[] = [];

beforeAll(async () => {
  backend = await startBackend({
    DB_POOL_SIZE: '1',
    DB_MAX_OVERFLOW: '0',
    DB_POOL_QUEUE: '1',
    DB_QUERY_TIMEOUT: '60',
    SLOW_ENDPOINT_DELAY: '0.1',
    JAEGER_AGENT_PORT: String(agent.port),
  });
  locker = new pg.Client(backend.database.url);
  await locker.connect();
  await locker.query('BEGIN; LOCK TABLE products IN ACCESS EXCLUSIVE MODE');
  waiting.push(backend.fetch('/products'), backend.fetch('/products/1'));
  await eventually(async () => {
    const metrics = await (await backend.fetch('/metrics')).text();
    expect(metrics).toMatch(/^database_connection_pool\{status="checked_out"\} 1$/m);
    expect(metrics).toMatch(/^database_connection_pool\{status="waiting"\} 1$/m);
  });
});
afterAll(async () => {
  await locker.end();
  await backend.stop();
  await agent.stop();
});

describe('while the queue for a connection is full', () => {
  it.each([
    ['/products', {}],
    ['/products?limit=3', {}],
    ['/products/1', {}],
    ['/products', post({ name: 'iPad Pro', price: 1_199, category: 'Tablettes' })],
  ])('REST answers 503 with Retry-After, in the caller’s trace: %s', async (path, init: RequestInit) => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
    const headers = { ...init.headers, traceparent, Origin: 'https://boutique.example' };
    const response = await backend.fetch(path, { ...init, headers });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('traceresponse')).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
    expect(await readError(response)).toEqual({
      error: 'Service indisponible',
      code: 'SERVICE_UNAVAILABLE',
      message: 'Trop de requêtes attendent déjà. Réessayez plus tard.',
      trace_id: traceId,
    });
  });

  it('so it does when the target is absolute, as proxies send it', async () => {
    const refused = await sendRaw(backend.url, requestLine('GET', 'http://boutique.example/products'));
    expect(refused.status).toBe(503);
    expect(refused.headers['traceresponse']).toMatch(/-00$/);
  });

  it('tRPC answers 503 in its envelope', async () => {
    const response = await backend.fetch('/trpc/products.list');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
    const data = { code: 'SERVICE_UNAVAILABLE', httpStatus: 503, trace_id: traceIdOf(response) };
    expect(await response.json()).toMatchObject({ error: { data } });
  });

  it.each(['/health', '/livez', '/readyz', '/metrics', '/slow', '/openapi.json', '/trpc/health.check'])(
    '%s is answered as ever',
    async (path) => {
      expect((await backend.fetch(path)).status).toBe(200);
    },
  );

  it('so is what needs no connection', async () => {
    expect((await backend.fetch('/products', { method: 'OPTIONS' })).status).toBe(204);
    expect((await backend.fetch('/products', { method: 'DELETE' })).status).toBe(405);
    expect((await backend.fetch('/productsx')).status).toBe(404);
  });

  it('every refusal is logged and counted under its route, and costs no span', async () => {
    const refused = [await backend.fetch('/products/2?x=1'), await backend.fetch('/trpc/products.list')];
    const [rest, trpc] = refused.map(traceIdOf);
    await eventually(() => {
      const linesOf = (traceId: string | undefined) => backend.lines.filter((line) => line['trace_id'] === traceId);
      const path = '/products/2';
      expect(linesOf(rest)).toMatchObject([
        { level: 'INFO', message: `Requête reçue: GET ${path}`, path },
        { level: 'ERROR', message: `Requête complétée: GET ${path}`, path, status: 503, route: '/products/:id' },
      ]);
      expect(linesOf(trpc)).toMatchObject([{}, { status: 503, route: '/trpc/products.list' }]);
    });
    const metrics = await (await backend.fetch('/metrics')).text();
    const count = (path: string) =>
      Number(
        new RegExp(`^http_requests_total\\{method="GET",path="${path}",status="503"\\} (\\d+)`, 'm').exec(metrics)?.[1],
      );
    expect(count('/products')).toBe(3);
    expect(count('/products/:id')).toBe(2);
    expect(count('/trpc/products.list')).toBe(2);
    // All spans of a time are sent together: with the one of a request that has been answered, theirs would be there.
    const answered = traceIdOf(await backend.fetch('/health'));
    await eventually(() => expect(agent.spans().filter(({ traceId }) => traceId === answered)).not.toEqual([]));
    expect(agent.spans().filter(({ traceId }) => traceId === rest || traceId === trpc)).toEqual([]);
  });

  it('those who wait get their answers, and everything is normal again', async () => {
    await locker.query('ROLLBACK');
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await backend.fetch('/products')).status).toBe(200);
  });
});
