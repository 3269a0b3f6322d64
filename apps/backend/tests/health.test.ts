import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Health } from '@products/api-contract';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, readError, readJson, run, startBackend, urlOf } from './backend.js';
import { eventually } from './eventually.js';

const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
const up: Health = { status: 'UP', service: 'backend', database: 'connected', timestamp };
const degraded: Health = { status: 'DEGRADED', service: 'backend', database: 'disconnected', timestamp };

describe('with its database', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await startBackend({ DB_POOL_SIZE: '1', DB_MAX_OVERFLOW: '0', DB_POOL_TIMEOUT: '0.2' });
  });
  afterAll(() => backend.stop());

  it('the service is up, live and ready', async () => {
    const health = await backend.fetch('/health');
    expect(health.status).toBe(200);
    expect(await health.json()).toEqual(up);
    expect((await backend.fetch('/livez')).status).toBe(200);
    expect((await backend.fetch('/readyz')).status).toBe(200);
  });

  it('/health speaks of the database, not of the pool: a full pool is not a disconnected database', async () => {
    const locker = new pg.Client(backend.database.url);
    await locker.connect();
    await locker.query('BEGIN; LOCK TABLE products IN ACCESS EXCLUSIVE MODE');
    const waiting = backend.fetch('/products');
    await eventually(async () =>
      expect(await (await backend.fetch('/metrics')).text()).toMatch(
        /^database_connection_pool\{status="checked_out"\} 1$/m,
      ),
    );
    const refused = await backend.fetch('/products');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await readError(refused)).toMatchObject({ error: 'Service indisponible', code: 'SERVICE_UNAVAILABLE' });
    expect(await readJson(backend.fetch('/health'))).toEqual(up);
    await locker.query('COMMIT');
    await locker.end();
    expect((await waiting).status).toBe(200);
  });
});

describe.concurrent('without its database', () => {
  it('the service starts, is live, and says the truth: /health degraded, not ready, 503 with Retry-After', async () => {
    await using service = run({ DATABASE_URL: 'postgresql://x:canary-secret@127.0.0.1:1/x' });
    const url = await urlOf(service);
    const health = await fetch(`${url}/health`);
    expect(health.status).toBe(503);
    expect(health.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await health.json()).toEqual(degraded);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await readError(ready)).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });

    for (const path of ['/products', '/trpc/products.list']) {
      const response = await fetch(`${url}${path}`);
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(await response.text()).not.toMatch(/canary|ECONNREFUSED|SELECT|127\.0\.0\.1/);
    }
    expect(JSON.stringify(service.lines)).not.toContain('canary');
    expect(await service.stop()).toBe(0);
  });

  it('/health answers within 2 seconds when the database hangs', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on('error', () => {}))).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const databaseUrl = `postgresql://x:x@127.0.0.1:${address.port}/x`;
    const service = run({ DATABASE_URL: databaseUrl });
    const url = await urlOf(service);
    const startedAt = performance.now();
    const answers = await Promise.all([fetch(`${url}/health`), fetch(`${url}/health`), fetch(`${url}/readyz`)]);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    await service.stop();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});
