import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, type LogLine, readError, startBackend, traceIdOf } from './backend.js';
import { requestLine, sendRaw } from './raw-http.js';

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend({ SLOW_ENDPOINT_DELAY: '0.05', REQUEST_TIMEOUT: '1' });
});
afterAll(() => backend.stop());

/** Every path of the service with the methods that it allows. */
const paths: readonly [path: string, allow: string][] = [
  ['/products', 'GET, HEAD, POST, OPTIONS'],
  ['/products/1', 'GET, HEAD, PATCH, DELETE, OPTIONS'],
  ['/slow', 'GET, HEAD, OPTIONS'],
  ['/error', 'GET, HEAD, OPTIONS'],
  ['/health', 'GET, HEAD, OPTIONS'],
  ['/livez', 'GET, HEAD, OPTIONS'],
  ['/readyz', 'GET, HEAD, OPTIONS'],
  ['/metrics', 'GET, HEAD, OPTIONS'],
  ['/openapi.json', 'GET, HEAD, OPTIONS'],
  ['/docs', 'GET, HEAD, OPTIONS'],
  // Queries may come by POST.
  ['/trpc/products.list', 'GET, HEAD, POST, OPTIONS'],
  ['/trpc/health.check,health.check?batch=1', 'GET, HEAD, POST, OPTIONS'],
];

describe.each(paths)('%s', (path, allow) => {
  const others = ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT', 'PROPFIND'];
  it.each(others.filter((method) => !allow.split(', ').includes(method)))(
    'answers 405 to %s, with Allow',
    async (method) => {
      const { status, headers, body } = await sendRaw(backend.url, requestLine(method, path));
      expect(status).toBe(405);
      expect(headers['allow']).toBe(allow);
      expect(headers['content-type']).toMatch(/^application\/json/);
      expect(body).toContain('METHOD_NOT_SUPPORTED');
    },
  );

  it('answers OPTIONS with what is allowed', async () => {
    const { status, headers } = await sendRaw(backend.url, requestLine('OPTIONS', path));
    expect(status).toBe(204);
    expect(headers['allow']).toBe(allow);
  });

  it('answers HEAD as GET, without the body', async () => {
    const got = await backend.fetch(path);
    await got.arrayBuffer();
    const { status, headers, body } = await sendRaw(backend.url, requestLine('HEAD', path));
    expect(status).toBe(got.status);
    expect(headers['content-type']).toBe(got.headers.get('content-type'));
    expect(body).toBe('');
  });
});

describe('a path that does not exist', () => {
  it.each([
    '/products/',
    '/PRODUCTS',
    '/Products/1',
    '/products/1/',
    '/products/1/x',
    '/trpc',
    '/docs/',
    '/docs/index.css',
    '/.env',
  ])('answers 404 for %s, with the path', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
      const { status, body } = await sendRaw(backend.url, requestLine(method, path));
      expect(status).toBe(404);
      expect(JSON.parse(body)).toMatchObject({ error: 'Ressource non trouvée', code: 'NOT_FOUND', path });
    }
  });

  it.each([
    ['OPTIONS', '*'],
    ['GET', '*'],
    ['GET', 'http://x:99999/'],
    ['GET', 'http://[/products'],
    ['POST', 'ftp://[/x'],
    ['GET', '/%'],
    ['GET', '/\\..\\x'],
    ['GET', '/products%2F1'],
  ])('answers %s %s as a client’s error', async (method, target) => {
    const { status, headers } = await sendRaw(backend.url, requestLine(method, target));
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(headers['traceresponse']).toMatch(/^00-/);
  });

  it('counts several leading slashes as one, for a base URL that ends with one', async () => {
    for (const path of ['//products/1', '///products/1', 'http://products.example//products/1']) {
      const { status } = await sendRaw(backend.url, requestLine('GET', path));
      expect(status).toBe(200);
    }
    expect((await sendRaw(backend.url, requestLine('GET', '/products//1'))).status).toBe(404);
  });

  it('is served when the request target is absolute, as proxies send it', async () => {
    const { status } = await sendRaw(backend.url, requestLine('GET', 'http://products.example/products/1'));
    expect(status).toBe(200);
  });
});

describe('a request that takes too long to arrive', () => {
  it('is answered 408 after REQUEST_TIMEOUT', async () => {
    const head = 'POST /products HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    const startedAt = performance.now();
    const answers = await Promise.all([
      sendRaw(backend.url, `${head}Content-Length: 100\r\n\r\n{`),
      sendRaw(backend.url, 'GET /products HTTP/1.1\r\nHost:'),
    ]);
    for (const { status, headers, body } of answers) {
      expect(status).toBe(408);
      expect(headers['connection']).toBe('close');
      expect(JSON.parse(body)).toMatchObject({ code: 'TIMEOUT', error: 'Délai dépassé' });
    }
    // The one whose head had arrived is a request like any other; of the other nothing is known.
    expect(JSON.parse(answers[0]?.body ?? '').trace_id).toBe(answers[0]?.headers['traceresponse']?.split('-')[1]);
    expect(JSON.parse(answers[1]?.body ?? '').trace_id).toBeNull();
    const isLine = ({ message, status }: LogLine) => message === 'Requête complétée: POST /products' && status === 408;
    await expect.poll(() => backend.lines.filter(isLine)).toHaveLength(1);
    const metrics = await (await backend.fetch('/metrics')).text();
    expect(metrics).toContain('http_requests_total{method="POST",path="/products",status="408"} 1\n');
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect((await backend.fetch('/products')).status).toBe(200);
  });
});

describe('what cannot be read as HTTP', () => {
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['two lengths', 'POST /products HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400],
    [
      'a length and chunks',
      'POST /products HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'a malformed chunk',
      'POST /products HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400,
    ],
    ['headers of 20 KB', `GET /products HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['a line break alone', 'GET /products HTTP/1.1\nHost: x\nX: \n y\n\n', 400],
    ['no host', 'GET /products HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
  ])('%s is refused in JSON', async (_, request, expected) => {
    const { status, headers, body } = await sendRaw(backend.url, request);
    expect(status).toBe(expected);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(JSON.parse(body)).toMatchObject({ code: 'BAD_REQUEST', error: 'Requête invalide' });
  });

  it('an expectation that is not known is none', async () => {
    const request = requestLine('GET', '/products').replace('Host', 'Expect: everything\r\nHost');
    expect((await sendRaw(backend.url, request)).status).toBe(200);
  });
});

describe('an error body', () => {
  it('names label, code, detail and the trace that the header names too', async () => {
    const response = await backend.fetch('/products/99');
    const traceId = traceIdOf(response);
    expect(await response.json()).toEqual({
      error: 'Ressource non trouvée',
      code: 'NOT_FOUND',
      message: 'Aucun produit n’a l’id 99.',
      trace_id: traceId,
      product_id: 99,
    });
  });

  it('has the trace of the caller', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const response = await backend.fetch('/nowhere', { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
    expect((await readError(response)).trace_id).toBe(traceId);
  });
});
