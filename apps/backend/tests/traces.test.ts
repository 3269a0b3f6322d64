import { type JaegerAgent, type JaegerSpan, startJaegerAgent } from '@products/jaeger-agent';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Backend, post, startBackend } from './backend.js';

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
  const traceId = response.headers.get('traceresponse')?.split('-')[1];
  const spans = () => agent.spans().filter((span) => span.traceId === traceId);
  await vi.waitFor(() => expect(spans()).toHaveLength(spanCount), { timeout: 8_000 });
  const depthOf = ({ parentSpanId }: JaegerSpan): number => {
    const parent = spans().find(({ spanId }) => spanId === parentSpanId);
    return parent === undefined ? 0 : 1 + depthOf(parent);
  };
  return spans().toSorted((a, b) => depthOf(a) - depthOf(b));
}

/** A trace as an indented list of names. */
function drawTree(spans: readonly JaegerSpan[]): string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const draw = (parentSpanId: string, indent: string): string[] =>
    spans
      .filter((span) => span.parentSpanId === parentSpanId)
      .toSorted((a, b) => a.operationName.localeCompare(b.operationName))
      .flatMap((span) => [`${indent}${span.operationName}`, ...draw(span.spanId, `${indent}  `)]);
  const roots = spans.filter(({ parentSpanId }) => !ids.has(parentSpanId));
  return roots.flatMap((root) => [root.operationName, ...draw(root.spanId, '  ')]);
}

const batchInput = encodeURIComponent(JSON.stringify({ 0: {}, 1: { id: 1 } }));

describe.concurrent('the spans of a request', () => {
  it.each<[string, RequestInit | undefined, string[]]>([
    ['/products', undefined, ['GET /products', '  db_query_products']],
    ['/products/1', undefined, ['GET /products/:id', '  db_query_product_by_id']],
    ['/products', post({ name: 'x', price: 1, category: 'y' }), ['POST /products', '  db_insert_product']],
    ['/products/x', undefined, ['GET /products/:id']],
    ['/products/1', { method: 'DELETE' }, ['DELETE /products/:id']],
    ['/health', undefined, ['GET /health', '  db_health_check']],
    ['/slow', undefined, ['GET /slow', '  simulate_slow_operation']],
    ['/error', undefined, ['GET /error']],
    ['/nowhere', undefined, ['GET']],
    ['/trpc/products.list', undefined, ['products.list', '  db_query_products']],
    ['/trpc/products.list?batch=1', undefined, ['products.list', '  db_query_products']],
    ['/trpc/diagnostics.slow', undefined, ['diagnostics.slow', '  simulate_slow_operation']],
    ['/trpc/products.create', post({ name: 'x', price: 1, category: 'y' }), ['products.create', '  db_insert_product']],
    [
      `/trpc/products.list,products.byId?batch=1&input=${batchInput}`,
      undefined,
      ['/trpc/(batch)', '  products.byId', '    db_query_product_by_id', '  products.list', '    db_query_products'],
    ],
  ])('%s %o are %o', async (path, init, tree) => {
    const response = await backend.fetch(path, init);
    await response.arrayBuffer();
    expect(drawTree(await traceOf(response, tree.length))).toEqual(tree);
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
      'db.statement': expect.stringMatching(/^select .* where .*"id" = \$1$/),
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
    const { type, message } = (await response.json()) as { type: string; message: string };
    const [server] = await traceOf(response, 1);
    expect(server?.tags).toMatchObject({ error: true, 'http.status_code': 500n, 'otel.status_code': 'ERROR' });
    expect(server?.logs).toEqual([
      expect.objectContaining({
        fields: expect.objectContaining({ event: 'exception', 'exception.type': type, 'exception.message': message }),
      }),
    ]);
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
    await vi.waitFor(() => expect(server()?.tags).toMatchObject({ 'http.status_code': 499n }), { timeout: 8_000 });
  });

  it('are not made for monitoring', async () => {
    const responses = await Promise.all(['/livez', '/readyz', '/metrics'].map((path) => backend.fetch(path)));
    await traceOf(await backend.fetch('/products'), 2);
    const traceIds = responses.map((response) => response.headers.get('traceresponse')?.split('-')[1]);
    expect(agent.spans().filter((span) => traceIds.includes(span.traceId))).toEqual([]);
  });

  it('join the line that reports a statement to the statement’s span', async () => {
    const response = await backend.fetch('/products');
    const [server, query] = await traceOf(response, 2);
    const lines = () => backend.lines.filter((line) => line['trace_id'] === server?.traceId);
    await vi.waitFor(() => expect(lines()).toHaveLength(4));
    expect(lines().map((line) => line['span_id'])).toEqual([
      server?.spanId,
      server?.spanId,
      query?.spanId,
      server?.spanId,
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

  it('never gets a span of another request, though they queue for two connections', async () => {
    const responses = await Promise.all(
      Array.from({ length: 300 }, (_, index) => backend.fetch(`/products/${(index % 10) + 1}`)),
    );
    const traceIds = responses.map((response) => String(response.headers.get('traceresponse')?.split('-')[1]));
    expect(new Set(traceIds).size).toBe(300);
    const spansOf = (traceId: string) => agent.spans().filter((span) => span.traceId === traceId);
    const arrived = () => agent.spans().filter((span) => traceIds.includes(span.traceId));
    await vi.waitFor(() => expect(arrived()).toHaveLength(600), { timeout: 8_000 });
    for (const traceId of traceIds) {
      expect(drawTree(spansOf(traceId))).toEqual(['GET /products/:id', '  db_query_product_by_id']);
    }
  });
});

describe('the stop', () => {
  it('exports every span that has ended', async () => {
    const short = await startBackend({ JAEGER_AGENT_PORT: String(agent.port) });
    const responses = await Promise.all(Array.from({ length: 50 }, () => short.fetch('/products')));
    const traceIds = new Set(responses.map((response) => response.headers.get('traceresponse')?.split('-')[1]));
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
