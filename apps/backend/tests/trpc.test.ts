import type { AppRouter } from '@products/api-contract';
import { createTRPCClient, httpBatchLink, httpBatchStreamLink, httpLink, isTRPCClientError } from '@trpc/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, post, startBackend, traceIdOf } from './backend.js';
import { requestLine, sendRaw } from './raw-http.js';

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend({ SLOW_ENDPOINT_DELAY: '0.05' });
});
afterAll(() => backend.stop());

type Client = ReturnType<typeof createTRPCClient<AppRouter>>;

const withLink = (createLink: typeof httpLink | typeof httpBatchLink | typeof httpBatchStreamLink): Client =>
  createTRPCClient<AppRouter>({ links: [createLink({ url: `${backend.url}/trpc` })] });

async function errorOf(call: Promise<unknown>) {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isTRPCClientError<AppRouter>(error))
    throw new Error('the call did not fail as a tRPC call does', { cause: error });
  return { message: error.message, data: error.data };
}

interface Envelope {
  readonly result?: { readonly data: unknown };
  readonly error?: {
    readonly message: string;
    readonly code: number;
    readonly data: Readonly<Record<string, unknown>>;
  };
}

async function readEnvelope(response: Response): Promise<Envelope> {
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  return (await response.json()) as Envelope;
}

describe.each([
  ['httpLink', httpLink],
  ['httpBatchLink', httpBatchLink],
  ['httpBatchStreamLink', httpBatchStreamLink],
])('a typed client with %s', (_, link) => {
  it('calls every procedure', async () => {
    const client = withLink(link);
    const { items, nextCursor } = await client.products.list.query({ limit: 4, cursor: 2 });
    expect(items.map(({ id }) => id)).toEqual([3, 4, 5, 6]);
    expect(nextCursor).toBe(6);
    expect(await client.products.byId.query({ id: 3 })).toEqual(items[0]);

    const created = await client.products.create.mutate({ name: 'Lampe', price: 12.5, category: 'Maison' });
    expect(created).toMatchObject({ name: 'Lampe', price: 12.5, category: 'Maison' });
    expect(await client.products.byId.query({ id: created.id })).toEqual(created);

    expect(await client.health.check.query()).toMatchObject({ status: 'UP', database: 'connected' });
    expect(await client.diagnostics.slow.query()).toMatchObject({ delay_seconds: 0.05 });
    expect((await errorOf(client.diagnostics.error.query())).data).toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
  });

  it('gets errors with code, trace and what was wrong', async () => {
    const client = withLink(link);
    const missing = await errorOf(client.products.byId.query({ id: 999_999 }));
    expect(missing.message).toBe('Aucun produit n’a l’id 999999.');
    expect(missing.data).toEqual({
      error: 'Ressource non trouvée',
      code: 'NOT_FOUND',
      message: missing.message,
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      product_id: 999_999,
      httpStatus: 404,
      procedure: 'products.byId',
    });
    const refused = await errorOf(client.products.create.mutate({ name: '', price: 1, category: 'x' }));
    expect(refused.data?.issues).toEqual([{ path: 'name', message: expect.stringMatching(/vide/) }]);
  });
});

describe('products.list', () => {
  it('never returns more than 1,000 products, which is its default too', async () => {
    await backend.database.query(
      `INSERT INTO products (name, price, category, created_at) SELECT 'p' || n, 1, 'c', now() FROM generate_series(1, 1500) n`,
    );
    const client = withLink(httpLink);
    const first = await client.products.list.query();
    expect(first.items).toHaveLength(1_000);
    const second = await client.products.list.query({ cursor: first.nextCursor });
    expect(second.items.length).toBeGreaterThan(500);
    expect(second.nextCursor).toBeNull();
    expect(await (await backend.fetch('/products')).json()).toHaveLength(1_000 + second.items.length);
    await backend.database.query("DELETE FROM products WHERE category = 'c'");
  });
});

describe('/trpc refuses', () => {
  it.each<[string, string, RequestInit | undefined, number, string]>([
    ['an unknown procedure', '/trpc/products.nowhere', undefined, 404, 'NOT_FOUND'],
    ['an inherited name', '/trpc/__proto__', undefined, 404, 'NOT_FOUND'],
    ['malformed input', '/trpc/products.byId?input={', undefined, 400, 'BAD_REQUEST'],
    ['missing input', '/trpc/products.byId', undefined, 400, 'BAD_REQUEST'],
    ['a malformed body', '/trpc/products.create', { ...post({}), body: '{' }, 400, 'BAD_REQUEST'],
    ['an empty body', '/trpc/products.create', { ...post({}), body: '' }, 400, 'BAD_REQUEST'],
    ['another method of an unknown procedure', '/trpc/nowhere', { method: 'PUT' }, 404, 'NOT_FOUND'],
    ['GET of a mutation', '/trpc/products.create', undefined, 405, 'METHOD_NOT_SUPPORTED'],
    ['another method', '/trpc/products.list', { method: 'DELETE' }, 405, 'METHOD_NOT_SUPPORTED'],
    [
      'another media type',
      '/trpc/products.create',
      { ...post({}), headers: { 'Content-Type': 'text/plain' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a form', '/trpc/products.create', { method: 'POST', body: new FormData() }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a large body', '/trpc/products.create', post('x'.repeat(102_400)), 413, 'PAYLOAD_TOO_LARGE'],
    [
      '26 calls in one batch',
      `/trpc/${Array(26).fill('health.check').join(',')}?batch=1`,
      undefined,
      400,
      'BAD_REQUEST',
    ],
    ['a thousand commas', `/trpc/${','.repeat(1_000)}?batch=1`, undefined, 400, 'BAD_REQUEST'],
  ])('%s, in its own envelope', async (_, path, init, status, code) => {
    const response = await backend.fetch(path, init);
    expect(response.status).toBe(status);
    const { error } = await readEnvelope(response);
    expect(error?.data).toMatchObject({ code, httpStatus: status, trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(error?.data).not.toHaveProperty('stack');
    expect(error?.message).toBe(error?.data['message']);
    // Ours, in French, rather than a library's.
    expect(error?.message).not.toMatch(/\b(the|not|Unexpected|Unsupported|batch)\b/i);
    if (status === 405) expect(response.headers.get('allow')).toMatch(/GET|POST/);
  });

  it('an input that is no object, and takes the absence of one where nothing is required', async () => {
    const list = (input: string) => backend.fetch(`/trpc/products.list?input=${input}`);
    for (const input of ['null', '[]', '"x"', '1']) expect((await list(input)).status).toBe(400);
    expect((await backend.fetch('/trpc/products.list')).status).toBe(200);
    expect((await list('{}')).status).toBe(200);
  });
});

describe('/trpc is served like REST', () => {
  it.each(['', 'user@host', 'a b', '[', '127.0.0.1:99999'])('whatever the client calls the host: %j', async (host) => {
    const request = requestLine('GET', '/trpc/health.check').replace('localhost', host);
    const { status, headers } = await sendRaw(backend.url, request);
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^application\/json/);
  });

  it('whatever content type a GET names', async () => {
    const response = await backend.fetch('/trpc/health.check', { headers: { 'Content-Type': 'multipart/form-data' } });
    expect(response.status).toBe(200);
  });

  it('for an integer beyond the largest double, which is no product', async () => {
    for (const id of ['1e400', `-${'9'.repeat(400)}`]) {
      const response = await backend.fetch(`/trpc/products.byId?input={"id":${id}}`);
      expect(response.status).toBe(404);
    }
  });

  it('with its envelope around errors from before tRPC', async () => {
    const { status, body } = await sendRaw(backend.url, requestLine('GET', '/trpc/%'));
    expect(status).toBe(400);
    expect(JSON.parse(body).error.data).toMatchObject({ code: 'BAD_REQUEST', httpStatus: 400 });
    expect((await readEnvelope(await backend.fetch('/trpc/a/b'))).error?.data['code']).toBe('NOT_FOUND');
  });
});

describe('a batch', () => {
  it('of one call is the list of its answer, with the headers of the call alone', async () => {
    const byId = (query: string) => backend.fetch(`/trpc/products.byId?${query}`);
    const alone = await byId(`input=${encodeURIComponent('{"id":1}')}`);
    const batch = await byId(`batch=1&input=${encodeURIComponent('{"0":{"id":1}}')}`);
    expect(await batch.json()).toEqual([await alone.json()]);
    expect(batch.headers.get('etag')).toBe(alone.headers.get('etag'));
    expect(batch.headers.get('etag')).toMatch(/^"\d+"$/);
    // A client that accepts a stream gets another answer.
    for (const { headers } of [alone, batch]) expect(headers.get('vary')).toBe('trpc-accept, accept');
    const absent = await byId(`batch=1&input=${encodeURIComponent('{"0":{"id":0}}')}`);
    expect(absent.status).toBe(404);
    const [answer] = (await absent.json()) as Envelope[];
    expect(answer?.error?.data).toMatchObject({ code: 'NOT_FOUND', procedure: 'products.byId' });
  });

  it.each(['[{"id":1}]', 'null', '1'])('whose inputs are no object is refused: %s', async (input) => {
    const response = await backend.fetch(`/trpc/products.byId?batch=1&input=${encodeURIComponent(input)}`);
    expect(response.status).toBe(400);
    const [answer] = (await response.json()) as Envelope[];
    expect(answer?.error?.message).toMatch(/objet/);
  });

  it('answers each call for itself', async () => {
    const input = encodeURIComponent(JSON.stringify({ 0: { id: 1 }, 1: { id: 0 }, 2: {} }));
    const response = await backend.fetch(`/trpc/products.byId,products.byId,products.byId?batch=1&input=${input}`);
    expect(response.status).toBe(207);
    const answers = (await response.json()) as Envelope[];
    expect(answers.map(({ result, error }) => result?.data ?? error?.data['code'])).toEqual([
      expect.objectContaining({ id: 1 }),
      'NOT_FOUND',
      'BAD_REQUEST',
    ]);
  });

  it('of 26 calls is refused with the number that it may have', async () => {
    const client = withLink(httpBatchLink);
    const calls = Array.from({ length: 26 }, () => errorOf(client.health.check.query()));
    for (const { message } of await Promise.all(calls)) expect(message).toMatch(/25 appels au plus.*maxItems.*26/);
  });

  it('may have 25 calls', async () => {
    const response = await backend.fetch(`/trpc/${Array(25).fill('health.check').join(',')}?batch=1`);
    expect(response.status).toBe(200);
    expect(await response.json()).toHaveLength(25);
  });
});

describe('a query', () => {
  it('may come by POST, as tRPC’s methodOverride sends it, alone and in a batch', async () => {
    for (const link of [httpLink, httpBatchLink, httpBatchStreamLink]) {
      const client = createTRPCClient<AppRouter>({
        links: [link({ url: `${backend.url}/trpc`, methodOverride: 'POST' })],
      });
      expect(await client.products.byId.query({ id: 1 })).toMatchObject({ id: 1 });
      expect((await client.products.list.query({ limit: 2 })).items).toHaveLength(2);
    }
  });

  it('with a cursor of `products.list` goes through all pages, as an infinite query does', async () => {
    const client = withLink(httpBatchLink);
    const ids: number[] = [];
    for (let cursor: number | string | null | undefined; cursor !== null; ) {
      const page = await client.products.list.query({ limit: 3, cursor });
      ids.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(ids).toEqual(ids.toSorted((one, other) => one - other));
    expect(ids.length).toBeGreaterThanOrEqual(10);
  });

  it('with `after` is refused, with the name that procedures give it', async () => {
    const input = encodeURIComponent('{"limit":3,"after":3}');
    const response = await backend.fetch(`/trpc/products.list?input=${input}`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('ce champ s’appelle cursor');
  });
});

describe('the request line of a log names', () => {
  it.each([
    ['/trpc/products.list', '/trpc/products.list'],
    ['/trpc/products.list?batch=1', '/trpc/products.list'],
    ['/trpc/products.list,health.check?batch=1', '/trpc/(batch)'],
    ['/trpc/products%2Elist', '/trpc/products.list'],
    ['/trpc/nowhere', '(unmatched)'],
  ])('for %s the route %s', async (path, route) => {
    const response = await backend.fetch(path);
    const traceId = traceIdOf(response);
    const completed = () => backend.lines.find((line) => line['trace_id'] === traceId && 'status' in line);
    await expect.poll(completed).toMatchObject({ route });
  });
});
