import { describe, expect, it } from 'vitest';
import { post, readError, readJson, startBackend, startOnSamples, traceIdOf } from './backend.js';
import { requestLine, sendRaw } from './raw-http.js';

// What a response links: the next page, the created product, the trace.

describe.concurrent('PUBLIC_URL', () => {
  it('is where Link, Location and the document’s servers lead, behind a path prefix', async () => {
    await using backend = await startBackend({ PUBLIC_URL: 'https://api.example.com/shop/' });
    const page = await backend.fetch('/products?limit=3');
    expect(page.headers.get('link')).toBe('<https://api.example.com/shop/products?limit=3&after=3>; rel="next"');
    const created = await backend.fetch('/products', post({ name: 'Vase', price: 1, category: 'Maison' }));
    expect(created.headers.get('location')).toBe('https://api.example.com/shop/products/11');
    const { servers } = await readJson<{ servers: unknown }>(backend.fetch('/openapi.json'));
    expect(servers).toEqual([{ url: 'https://api.example.com/shop' }]);
  });

  it('unset, they are absolute paths', async () => {
    await using backend = await startOnSamples();
    const page = await backend.fetch('/products?limit=3&unknown=x&after=2&colour=');
    // An unknown parameter is not repeated.
    expect(page.headers.get('link')).toBe('</products?limit=3&after=5>; rel="next"');
    expect((await readJson<{ servers: unknown }>(backend.fetch('/openapi.json'))).servers).toEqual([{ url: '/' }]);
  });
});

describe.concurrent('TRACE_URL', () => {
  it('links the trace of an error, through both transports, and the documentation links it too', async () => {
    const TRACE_URL = 'https://jaeger.example/trace/{trace_id}?uiFind={trace_id}';
    await using backend = await startOnSamples({ TRACE_URL });
    const linkOf = (traceId: string) => `https://jaeger.example/trace/${traceId}?uiFind=${traceId}`;
    for (const path of ['/products/0', '/products/x', '/nowhere', '/error']) {
      const response = await backend.fetch(path);
      expect((await readError(response)).trace_url).toBe(linkOf(traceIdOf(response)));
    }
    for (const path of ['/trpc/products.byId?input={"id":0}', '/trpc/nowhere', '/trpc/%']) {
      const { body, headers } = await sendRaw(backend.url, requestLine('GET', path.replaceAll('"', '%22')));
      expect(JSON.parse(body).error.data.trace_url).toBe(linkOf(headers['traceresponse']?.split('-')[1] ?? ''));
    }
    expect(await (await backend.fetch('/docs/start.js')).text()).toContain(JSON.stringify(TRACE_URL));
  });

  it('unset, no error has a link', async () => {
    await using backend = await startOnSamples();
    expect(await readError(await backend.fetch('/products/0'))).not.toHaveProperty('trace_url');
  });
});

it('DIAGNOSTICS=off takes /slow and /error and their procedures away, and the document does not name them', async () => {
  await using backend = await startOnSamples({ DIAGNOSTICS: 'off' });
  for (const path of ['/slow', '/error', '/trpc/diagnostics.slow', '/trpc/diagnostics.error']) {
    expect((await backend.fetch(path)).status).toBe(404);
  }
  const batch = await backend.fetch('/trpc/health.check,diagnostics.error?batch=1');
  expect((await readJson<{ error?: unknown }[]>(batch)).map(({ error }) => error === undefined)).toEqual([true, false]);
  const { paths } = await readJson<{ paths: object }>(backend.fetch('/openapi.json'));
  expect(Object.keys(paths)).not.toContain('/slow');
  expect((await backend.fetch('/products')).status).toBe(200);
});

describe.concurrent('what clients of the Flask service send', () => {
  it('in any of JSON’s media types and UTF-8’s labels is read', async () => {
    await using backend = await startBackend();
    const create = (contentType: string, path = '/products') =>
      backend.fetch(path, {
        ...post({ name: 'Vase', price: 1, category: 'é' }),
        headers: { 'Content-Type': contentType },
      });
    const read = [
      'application/json; charset=UTF8',
      'application/json;charset="utf-8"',
      'application/vnd.api+json',
      'application/merge-patch+json; charset=utf8',
    ];
    for (const type of read) {
      expect((await create(type)).status).toBe(201);
      expect((await create(type, '/trpc/products.create')).status).toBe(200);
    }
    for (const type of ['text/json', 'application/json; charset=iso-8859-1', 'application/json; charset=x', 'json']) {
      expect((await create(type)).status).toBe(415);
    }
  });

  it('as an id that is malformed is answered with its path', async () => {
    await using backend = await startOnSamples();
    for (const path of ['/products/abc', '/products/01', '/products/1.5']) {
      const response = await backend.fetch(path);
      expect(response.status).toBe(400);
      expect(await readError(response)).toMatchObject({ path, issues: [{ path: 'id' }] });
    }
    expect(await readError(await backend.fetch('/products?limit=0'))).not.toHaveProperty('path');
  });
});
