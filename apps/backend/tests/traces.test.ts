import { drawTree } from '@products/acceptance';
import type { Product } from '@products/api-contract';
import { type JaegerAgent, type JaegerSpan, startJaegerAgent } from '@products/jaeger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, post, readError, readJson, startBackend, startOnSamples, traceIdOf } from './backend.js';
import { eventually } from './eventually.js';
import { requestLine, sendRaw } from './raw-http.js';
import { inGateOrSoak, SOAK_TIMEOUT_MS } from './soak.js';

/** That queue for two connections. */
const REQUESTS = inGateOrSoak(300, 10_000);

let agent: JaegerAgent;
let backend: Backend;
beforeAll(async () => {
  agent = await startJaegerAgent();
  backend = await startBackend({
    JAEGER_AGENT_PORT: String(agent.port),
    SLOW_ENDPOINT_DELAY: '1',
    DB_POOL_SIZE: '2',
    DB_MAX_OVERFLOW: '0',
  });
});
afterAll(async () => {
  await backend.stop();
  await agent.stop();
});

/** The spans of a response's trace, once as many as expected have arrived: parents before children. */
async function traceOf(response: Response, spanCount: number): Promise<JaegerSpan[]> {
  const traceId = traceIdOf(response);
  const spans = () => agent.spans().filter((span) => span.traceId === traceId);
  await eventually(() => expect(spans()).toHaveLength(spanCount));
  const depthOf = ({ parentSpanId }: JaegerSpan): number => {
    const parent = spans().find(({ spanId }) => spanId === parentSpanId);
    return parent === undefined ? 0 : 1 + depthOf(parent);
  };
  return spans().toSorted((a, b) => depthOf(a) - depthOf(b));
}

describe.concurrent('the spans of a request', () => {
  it('are named after the procedure in a batch of one', async () => {
    const response = await backend.fetch('/trpc/products.list?batch=1');
    expect(drawTree(await traceOf(response, 2))).toEqual(['products.list', '  db_query_products']);
  });

  it('show which procedure of a batch failed, and that a missing product is no failure', async () => {
    const input = encodeURIComponent(JSON.stringify({ 1: { id: 999_999 } }));
    const response = await backend.fetch(`/trpc/diagnostics.error,products.byId?batch=1&input=${input}`);
    expect(response.status).toBe(207);
    const spans = await traceOf(response, 4);
    const failed = spans.filter(({ tags }) => tags['error'] === true).map(({ operationName }) => operationName);
    expect(failed).toEqual(['/trpc/(batch)', 'diagnostics.error']);
  });

  it('carry OpenTracing’s tags beside the semantic conventions', async () => {
    const response = await backend.fetch('/products/1?x=1');
    const [server, query] = await traceOf(response, 2);
    expect(server?.tags).toMatchObject({
      'span.kind': 'server',
      'http.method': 'GET',
      'http.url': `${backend.url}/products/1?x=1`,
      'http.status_code': 200n,
      'http.request.method': 'GET',
      'http.response.status_code': 200n,
      'http.route': '/products/:id',
      'url.path': '/products/1',
    });
    expect(server?.tags).not.toHaveProperty('error');
    expect(query?.tags).toMatchObject({
      'span.kind': 'client',
      'db.type': 'sql',
      'db.statement': expect.stringMatching(/^select .* where .*"id" = \$1::bigint$/),
      'db.system.name': 'postgresql',
      'db.query.text': query?.tags['db.statement'],
      'db.operation.name': 'SELECT',
      'db.collection.name': 'products',
    });
  });

  it('never hold a parameter', async () => {
    const response = await backend.fetch(
      '/products',
      post({ name: 'canary-name', price: 98_765.4321, category: 'canary-category' }),
    );
    const spans = await traceOf(response, 2);
    const text = JSON.stringify(spans, (_, value) => (typeof value === 'bigint' ? String(value) : value));
    expect(text).not.toMatch(/canary|98765/);
  });

  it('record the exception of a 5xx, with error=true', async () => {
    const response = await backend.fetch('/error');
    const { type, message } = await readError(response);
    const [server] = await traceOf(response, 1);
    expect(server?.tags).toMatchObject({ error: true, 'http.status_code': 500n, 'otel.status_code': 'ERROR' });
    expect(server?.logs).toEqual([
      expect.objectContaining({
        fields: expect.objectContaining({ event: 'exception', 'exception.type': type, 'exception.message': message }),
      }),
    ]);
  });

  it('name the path that was asked for, and no credentials', async () => {
    const ask = async (target: string) => {
      const { headers } = await sendRaw(backend.url, requestLine('GET', target));
      const traceId = headers['traceresponse']?.split('-')[1];
      const find = () => agent.spans().find((span) => span.traceId === traceId && span.tags['span.kind'] === 'server');
      await eventually(() => expect(find()).toBeDefined());
      return find()?.tags;
    };
    expect(await ask('/shop/metrics')).toMatchObject({
      'http.url': 'http://localhost/shop/metrics',
      'url.path': '/shop/metrics',
    });
    expect(await ask('/a/../metrics')).toMatchObject({ 'url.path': '/a/../metrics' });
    expect(await ask('http://user:canary@shop.example/products?limit=3')).toMatchObject({
      'http.url': 'http://shop.example/products?limit=3',
      'url.path': '/products',
    });
  });

  it.each([
    [
      { 'x-forwarded-for': '203.0.113.9:1234, 10.0.0.1', 'x-forwarded-host': 'shop.example:8443' },
      { 'client.address': '203.0.113.9', 'server.address': 'shop.example', 'server.port': 8443n },
    ],
    [
      { forwarded: 'for=192.0.2.60;proto=https;host=api.example, for=10.0.0.1' },
      { 'client.address': '192.0.2.60', 'server.address': 'api.example', 'server.port': 443n },
    ],
    [{ forwarded: ';;;=' }, { 'client.address': '127.0.0.1', 'server.address': '127.0.0.1' }],
  ])('name client and host as a proxy in front does: %o', async (headers, expected) => {
    const [server] = await traceOf(await backend.fetch('/products/1', { headers }), 2);
    expect(server?.tags).toMatchObject(expected);
  });

  it('hide the values of query parameters that are secrets', async () => {
    const [server] = await traceOf(await backend.fetch('/products/1?sig=canary&x=1'), 2);
    expect(server?.tags).toMatchObject({ 'url.query': 'sig=REDACTED&x=1' });
    expect(server?.tags['http.url']).not.toMatch(/canary/);
  });

  it('hold no value of more than 4,096 characters', async () => {
    const [server] = await traceOf(await backend.fetch(`/nowhere/${'x'.repeat(12_000)}?${'y'.repeat(3_000)}`), 1);
    const lengths = Object.values(server?.tags ?? {}).map((value) => String(value).length);
    expect(Math.max(...lengths)).toBe(4_096);
  });

  it('do not call a 4xx an error', async () => {
    const [server] = await traceOf(await backend.fetch('/products/x'), 1);
    expect(server?.tags).toMatchObject({ 'http.status_code': 400n });
    expect(server?.tags).not.toHaveProperty('error');
    expect(server?.logs).toEqual([]);
  });

  it('say 499 of a client that left', async () => {
    const traceId = 'c0ffee00000000000000000000000001';
    const left = backend.fetch('/slow', {
      headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
      signal: AbortSignal.timeout(200),
    });
    await expect(left).rejects.toThrow();
    const server = () => agent.spans().find((span) => span.traceId === traceId && span.operationName === 'GET /slow');
    await eventually(() => expect(server()?.tags).toMatchObject({ 'http.status_code': 499n }));
  });

  it('are not made for monitoring', async () => {
    const responses = await Promise.all(['/livez', '/readyz', '/metrics'].map((path) => backend.fetch(path)));
    await traceOf(await backend.fetch('/products'), 2);
    const traceIds = responses.map(traceIdOf);
    expect(agent.spans().filter((span) => traceIds.includes(span.traceId))).toEqual([]);
  });

  it('join lines and response: the line that reports a statement to the statement’s span, the others to the request’s', async () => {
    const response = await backend.fetch('/products');
    const { length } = await readJson<Product[]>(response);
    const [server, query] = await traceOf(response, 2);
    expect(response.headers.get('traceresponse')).toBe(`00-${server?.traceId}-${server?.spanId}-01`);
    const lines = () => backend.lines.filter((line) => line['trace_id'] === server?.traceId);
    await eventually(() => expect(lines()).toHaveLength(4));
    expect(lines().map(({ message, span_id }) => [message, span_id])).toEqual([
      ['Requête reçue: GET /products', server?.spanId],
      ['Récupération de tous les produits', server?.spanId],
      [`${length} produits récupérés`, query?.spanId],
      ['Requête complétée: GET /products', server?.spanId],
    ]);
  });
});

describe.concurrent('the trace', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const parentId = '00f067aa0ba902b7';

  it.each([
    ['traceparent', `00-${traceId.replace('4bf', 'aaa')}-${parentId}-01`],
    ['uber-trace-id', `${traceId.replace('4bf', 'bbb')}:${parentId}:0:1`],
    ['b3', `${traceId.replace('4bf', 'ccc')}-${parentId}-1`],
  ])('is the caller’s, from %s', async (header, value) => {
    const response = await backend.fetch('/products', { headers: { [header]: value } });
    const [server] = await traceOf(response, 2);
    expect(server).toMatchObject({ traceId: expect.stringMatching(/^(aaa|bbb|ccc)92f35/), parentSpanId: parentId });
  });

  it(
    'never gets a span of another request, though they queue for two connections',
    async () => {
      const traceIds: string[] = [];
      for (let sent = 0; sent < REQUESTS; sent += 100) {
        const responses = await Promise.all(
          Array.from({ length: 100 }, (_, index) => backend.fetch(`/products/${(index % 10) + 1}`)),
        );
        await Promise.all(responses.map((response) => response.arrayBuffer()));
        traceIds.push(...responses.map(traceIdOf));
      }
      expect(new Set(traceIds).size).toBe(REQUESTS);
      const spansOf = (all: readonly JaegerSpan[]) => Map.groupBy(all, ({ traceId }) => traceId);
      await eventually(() => {
        const spans = spansOf(agent.spans());
        expect(traceIds.filter((traceId) => spans.get(traceId)?.length !== 2)).toEqual([]);
      });
      const spans = spansOf(agent.spans());
      for (const traceId of traceIds) {
        expect(drawTree(spans.get(traceId) ?? [])).toEqual(['GET /products/:id', '  db_query_product_by_id']);
      }
    },
    SOAK_TIMEOUT_MS,
  );
});

describe('TRACE_CONTEXT=ignore', () => {
  it('starts a trace of its own for every request, and links the caller’s', async () => {
    await using edge = await startOnSamples({ JAEGER_AGENT_PORT: String(agent.port), TRACE_CONTEXT: 'ignore' });
    const caller = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
    const headers = { traceparent: `00-${caller.traceId}-${caller.spanId}-00` };
    const response = await edge.fetch('/products/1', { headers });
    expect(traceIdOf(response)).not.toBe(caller.traceId);
    const [server] = await traceOf(response, 2);
    expect(server).toMatchObject({ parentSpanId: '0'.repeat(16), links: [caller] });
    const probe = await edge.fetch('/livez', { headers });
    expect(traceIdOf(probe)).not.toBe(caller.traceId);
  });
});

describe('the stop', () => {
  it('exports every span that has ended', async () => {
    await using short = await startOnSamples({ JAEGER_AGENT_PORT: String(agent.port) });
    const responses = await Promise.all(Array.from({ length: 50 }, () => short.fetch('/products')));
    const traceIds = new Set(responses.map(traceIdOf));
    await short.stop();
    await expect.poll(() => agent.spans().filter((span) => traceIds.has(span.traceId)).length).toBe(100);
  });
});

describe('/metrics', () => {
  it('counts the spans that were exported', async () => {
    const body = await (await backend.fetch('/metrics')).text();
    expect(Number(/^spans_exported_total (\d+)$/m.exec(body)?.[1])).toBeGreaterThan(600);
    expect(body).toMatch(/^spans_dropped_total 0$/m);
    expect(body).toMatch(/^log_lines_dropped_total 0$/m);
  });
});
