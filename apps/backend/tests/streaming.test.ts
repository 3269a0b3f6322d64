import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppRouter, Product } from '@products/api-contract';
import { createTRPCClient, httpBatchStreamLink } from '@trpc/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, startBackend, traceIdOf } from './backend.js';
import { eventually } from './eventually.js';
import { report } from './soak.js';

// A list of any length is sent as its client takes it: nothing grows with the data, and no part passes for the whole.

const ROWS = 20_000;
/** Enough for a page on a busy machine. */
const QUERY_TIMEOUT_MS = 1_500;
let backend: Backend;

beforeAll(async () => {
  backend = await startBackend({ DB_QUERY_TIMEOUT: String(QUERY_TIMEOUT_MS / 1_000) });
  await backend.database.query(
    `INSERT INTO products (name, price, category, created_at)
     SELECT 'Produit ' || i || ' ' || repeat('é', 100), i, 'Catégorie', '2024-12-14 20:00:00' FROM generate_series(11, ${ROWS}) i`,
  );
});
afterEach(() => backend.database.query('ALTER TABLE IF EXISTS hidden RENAME TO products'));
afterAll(() => backend.stop());

const metric = async (pattern: RegExp) => {
  const metrics = await (await backend.fetch('/metrics')).text();
  return Number(pattern.exec(metrics)?.[1] ?? 0);
};
const selects = () => metric(/^database_queries_total\{operation="SELECT",table="products"\} (\d+)/m);
const completedWith = (status: number, route: string) =>
  metric(new RegExp(`^http_requests_total\\{method="GET",path="${route}",status="${status}"\\} (\\d+)`, 'm'));

/** A client that has read the beginning of the answer and waits to be told to read on. */
async function begin(path: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
  const request = get(`${backend.url}${path}`, { headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  await once(response, 'readable');
  return response;
}

const closed = (response: IncomingMessage) => new Promise<void>((resolve) => response.on('close', () => resolve()));

/** Resolves when the service reads no more for a client that takes nothing. */
async function settled(): Promise<number> {
  for (let before = -1; ; ) {
    const count = await selects();
    if (count === before) return count;
    before = count;
    await sleep(300);
  }
}

const client = () => {
  const link = httpBatchStreamLink({ url: `${backend.url}/trpc` });
  return createTRPCClient<AppRouter>({ links: [link] });
};

describe('GET /products without limit', () => {
  it('answers every product in order, as one array, one log line and a statement for each 500', async () => {
    const before = await selects();
    const response = await backend.fetch('/products');
    const products = (await response.json()) as Product[];
    expect(products.map(({ id }) => id)).toEqual(Array.from({ length: ROWS }, (_, index) => index + 1));
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect((await selects()) - before).toBe(ROWS / 500);
    await eventually(() => {
      const lines = backend.lines.filter((line) => line['trace_id'] === traceIdOf(response));
      expect(lines.map(({ message }) => message)).toEqual([
        'Requête reçue: GET /products',
        'Récupération de tous les produits',
        `${ROWS} produits récupérés`,
        'Requête complétée: GET /products',
      ]);
    });
  });

  it('begins behind `after`, too', async () => {
    const products = (await (await backend.fetch(`/products?after=${ROWS - 1_200}`)).json()) as Product[];
    expect(products).toHaveLength(1_200);
  });

  it('reads no more than its client takes, holds no connection meanwhile, and stops when the client leaves', async () => {
    const before = await selects();
    const left = await completedWith(499, '/products');
    const response = await begin('/products');
    const read = (await settled()) - before;
    expect(read).toBeLessThan(ROWS / 500);
    // A client that pauses is no slow statement.
    await sleep(QUERY_TIMEOUT_MS);
    expect(await metric(/^database_connection_pool\{status="checked_out"\} (\d+)/m)).toBe(0);
    response.destroy();
    await eventually(async () => expect(await completedWith(499, '/products')).toBe(left + 1));
    expect((await selects()) - before).toBeLessThanOrEqual(read + 1);
  });

  it('breaks the connection when it fails on the way, and is a 500 in logs and metrics', async () => {
    const response = await begin('/products');
    await settled();
    await backend.database.query('ALTER TABLE products RENAME TO hidden');
    response.resume();
    await closed(response);
    expect(response.complete).toBe(false);
    const [, traceId] = String(response.headers['traceresponse']).split('-');
    await eventually(() => {
      const lines = backend.lines.filter((line) => line['trace_id'] === traceId && line.level === 'ERROR');
      expect(lines).toMatchObject([{ code: 'INTERNAL_SERVER_ERROR' }, { status: 500, route: '/products' }]);
    });
    expect(await completedWith(500, '/products')).toBe(1);
  });
});

describe('products.all', () => {
  it('yields the same products, array by array', async () => {
    const products: Product[] = [];
    for await (const page of await client().products.all.query()) products.push(...page);
    expect(products).toEqual(await (await backend.fetch('/products')).json());
    const rest: Product[] = [];
    for await (const page of await client().products.all.query({ cursor: ROWS - 3 })) rest.push(...page);
    expect(rest).toEqual(products.slice(-3));
  });

  it('says how it is to be called, to who calls it otherwise', async () => {
    const response = await backend.fetch('/trpc/products.all');
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('httpBatchStreamLink') } });
  });

  it('tells its reader when it fails on the way, and is a 500 in the metrics', async () => {
    const response = await begin('/trpc/products.all?batch=1&input=%7B%7D', { 'trpc-accept': 'application/jsonl' });
    await settled();
    await backend.database.query('ALTER TABLE products RENAME TO hidden');
    let stream = '';
    response.on('data', (chunk) => {
      stream += chunk;
    });
    await closed(response);
    expect(stream.split('\n').at(-2)).toContain('"code":"INTERNAL_SERVER_ERROR"');
    await eventually(async () => expect(await completedWith(500, '/trpc/products.all')).toBe(1));
  });

  it('reads no more than its client takes, and stops when the client leaves', async () => {
    const before = await selects();
    const left = await completedWith(499, '/trpc/products.all');
    const response = await begin('/trpc/products.all?batch=1&input=%7B%7D', { 'trpc-accept': 'application/jsonl' });
    const read = (await settled()) - before;
    expect(read).toBeLessThan(ROWS / 500);
    // A client that pauses is no slow statement.
    await sleep(QUERY_TIMEOUT_MS);
    response.destroy();
    await eventually(async () => expect(await completedWith(499, '/trpc/products.all')).toBe(left + 1));
    expect((await settled()) - before).toBeLessThanOrEqual(read + 1);
  });
});

it('while a list is sent, others are answered', async () => {
  const response = await begin('/products');
  response.resume();
  const slowest: number[] = [];
  while (!response.closed) {
    const askedAt = performance.now();
    expect((await backend.fetch('/products/1')).status).toBe(200);
    slowest.push(performance.now() - askedAt);
  }
  expect(response.complete).toBe(true);
  report(
    `streaming: ${slowest.length} × 200 beside a list of ${ROWS}, the slowest after ${Math.max(...slowest).toFixed(0)} ms`,
  );
});
