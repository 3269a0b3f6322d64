// @products/client against the service: its requests, its traces, its options for TanStack Query.
import { alone, type Call, createdAtOf, createProductsClient, etagOf, traceIdOf, traceUrlOf } from '@products/client';
import { createProductsQueries } from '@products/client/query';
import { QueryClient } from '@tanstack/query-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, startBackend } from './backend.js';

let service: Backend;
beforeAll(async () => {
  service = await startBackend({ TRACE_URL: 'https://traces.example.com/trace/{trace_id}' });
});
afterAll(() => service.stop());

/** A client that keeps its requests. */
function createClient() {
  const requests: { url: string; traceparent: string | null }[] = [];
  const calls: Call[] = [];
  const client = createProductsClient({
    url: `${service.url}/`,
    fetch: (url, init) => {
      requests.push({ url: String(url), traceparent: new Headers(init?.headers).get('traceparent') });
      return fetch(url, init as RequestInit);
    },
    onCall: (call) => calls.push(call),
  });
  return { client, requests, calls };
}

describe('calls', () => {
  it('give what the service answers', async () => {
    const { client } = createClient();
    const { items, nextCursor } = await client.products.list.query({ limit: 3 });
    expect(items.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(nextCursor).toBe(3);
    const created = await client.products.create.mutate({ name: 'Écran', price: 5, category: 'Essai' });
    expect(await client.products.byId.query({ id: created.id })).toEqual(created);
    expect(Math.abs(createdAtOf(created).getTime() - Date.now())).toBeLessThan(60_000);
  });

  it('of one moment share requests of 25, and all of a request are of one trace', async () => {
    const { client, requests, calls } = createClient();
    await Promise.all(Array.from({ length: 30 }, () => client.products.byId.query({ id: 1 })));
    expect(requests).toHaveLength(2);
    for (const { traceparent } of requests) expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(calls).toHaveLength(30);
    expect(new Set(calls.map(({ traceId }) => traceId)).size).toBe(2);
    expect(new Set(calls.map(({ spanId }) => spanId)).size).toBe(30);
    for (const { path, type, durationMs } of calls) {
      expect({ path, type }).toEqual({ path: 'products.byId', type: 'query' });
      expect(durationMs).toBeGreaterThan(0);
    }
  });

  it('are on the lines of the service under the trace that they began', async () => {
    const { client, calls } = createClient();
    await client.products.byId.query({ id: 2 });
    const line = await service.waitForLine('Produit 2 récupéré');
    expect(line['trace_id']).toBe(calls[0]?.traceId);
  });

  it('stream all products, in a request of their own', async () => {
    const { client, requests } = createClient();
    const [pages] = await Promise.all([client.products.all.query({}), client.products.byId.query({ id: 1 })]);
    const ids: number[] = [];
    for await (const page of pages) ids.push(...page.map(({ id }) => id));
    expect(ids.slice(0, 10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(requests).toHaveLength(2);
  });

  it('stream twice at once, though nobody reads the first', async () => {
    const { client } = createClient();
    const [, second] = await Promise.all([client.products.all.query({}), client.products.all.query({})]);
    const pages: unknown[] = [];
    for await (const page of second) pages.push(page);
    expect(pages).toHaveLength(1);
  });

  it('that are alone give the version of a product, which a change can insist on', async () => {
    const { client } = createClient();
    const { id } = await client.products.create.mutate({ name: 'Vase', price: 1, category: 'Essai' });
    const read = () => client.products.byId.query({ id }, { context: alone });
    const [first, ...others] = await Promise.all([read(), read(), client.products.byId.query({ id: 1 })]);
    expect(etagOf(first)).toMatch(/^"\d+"$/);
    expect(others.map(etagOf)).toEqual([etagOf(first), expect.stringMatching(/^"\d+"$/)]);
    const change = (price: number) => client.products.update.mutate({ id, price, ifMatch: etagOf(first) });
    const changed = await change(2);
    expect(etagOf(changed)).toBe(etagOf(await read()));
    expect(etagOf(changed)).not.toBe(etagOf(first));
    expect((await change(3).catch((error) => error)).data.code).toBe('PRECONDITION_FAILED');
    const [shared] = await Promise.all([client.products.byId.query({ id }), client.products.byId.query({ id: 1 })]);
    expect(etagOf(shared)).toBeUndefined();
  });

  it('send the caller’s own headers, and no trace where the page’s instrumentation begins it', async () => {
    let sent = new Headers();
    const client = createProductsClient({
      url: service.url,
      headers: async () => ({ Authorization: 'Bearer abc' }),
      isTraced: false,
      fetch: (url, init) => {
        sent = new Headers(init?.headers);
        return fetch(url, init as RequestInit);
      },
    });
    await client.health.check.query();
    expect(sent.get('authorization')).toBe('Bearer abc');
    expect(sent.get('traceparent')).toBeNull();
  });
});

describe('an error', () => {
  it('leads to its trace: of a refused input, of a missing product', async () => {
    const { client, calls } = createClient();
    const refused = await client.products.create.mutate({ name: '', price: 0, category: 'x' }).catch((error) => error);
    expect(refused.data.issues.map(({ path }: { path: string }) => path)).toEqual(['name', 'price']);
    const missing = await client.products.byId.query({ id: 404_404 }).catch((error) => error);
    expect(missing.data.code).toBe('NOT_FOUND');
    for (const [index, error] of [refused, missing].entries()) {
      expect(traceIdOf(error)).toBe(calls[index]?.traceId);
      expect(traceUrlOf(error)).toBe(`https://traces.example.com/trace/${calls[index]?.traceId}`);
      expect(calls[index]?.error).toBe(error);
    }
  });

  it('has a trace without an answer too', async () => {
    const calls: Call[] = [];
    const client = createProductsClient({ url: 'http://127.0.0.1:1', onCall: (call) => calls.push(call) });
    const error = await client.health.check.query().catch((failure) => failure);
    expect(traceIdOf(error)).toBe(calls[0]?.traceId);
    expect(traceUrlOf(error)).toBeUndefined();
  });
});

describe('the options for TanStack Query', () => {
  const createQueries = () => ({ cache: new QueryClient(), queries: createProductsQueries(createClient().client) });

  it('page through the list', async () => {
    const { cache, queries } = createQueries();
    const { pages } = await cache.fetchInfiniteQuery({ ...queries.list(4), pages: 3 });
    expect(pages.map(({ items }) => items.length)).toEqual([4, 4, expect.any(Number)]);
    expect(pages.flatMap(({ items }) => items.map(({ id }) => id)).slice(0, 9)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('show all products while they come', async () => {
    const { cache, queries } = createQueries();
    const seen: (boolean | undefined)[] = [];
    const { queryKey } = queries.all();
    cache.getQueryCache().subscribe(() => seen.push(cache.getQueryData<{ isComplete: boolean }>(queryKey)?.isComplete));
    const { items, isComplete } = await cache.fetchQuery(queries.all());
    expect(isComplete).toBe(true);
    expect(items.length).toBeGreaterThanOrEqual(10);
    expect(seen).toContain(false);
  });

  it('have lists read again after a creation, and leave single products', async () => {
    const { cache, queries } = createQueries();
    await cache.fetchInfiniteQuery(queries.list(4));
    await cache.fetchQuery(queries.byId(1));
    const options = { ...queries.create(), client: cache };
    await cache.getMutationCache().build(cache, options).execute({ name: 'Nouveau', price: 1, category: 'Essai' });
    expect(cache.getQueryState(queries.list(4).queryKey)?.isInvalidated).toBe(true);
    expect(cache.getQueryState(queries.byId(1).queryKey)?.isInvalidated).toBe(false);
  });

  it('repeat what may succeed later, when the service says', () => {
    const { retry, retryDelay } = createQueries().queries.byId(1);
    const answer = (httpStatus: number, retryAfter?: string) => ({
      data: { httpStatus },
      meta: {
        response: new Response(null, { headers: retryAfter === undefined ? {} : { 'Retry-After': retryAfter } }),
      },
    });
    expect(retry(0, answer(503))).toBe(true);
    expect(retry(3, answer(503))).toBe(false);
    expect(retry(0, new TypeError('fetch failed'))).toBe(true);
    for (const status of [400, 404, 409, 500]) expect(retry(0, answer(status))).toBe(false);
    expect(retryDelay(0, answer(503, '2'))).toBe(2_000);
    expect([0, 1, 9].map((failures) => retryDelay(failures, answer(503)))).toEqual([1_000, 2_000, 30_000]);
  });
});
