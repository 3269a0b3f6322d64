import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, post, startBackend, startOnSamples } from './backend.js';

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend();
});
afterAll(() => backend.stop());

describe('every response', () => {
  const requests: readonly [string, string, RequestInit?][] = [
    ['a success', '/products/1'],
    ['a creation', '/products', post({ name: 'x', price: 1, category: 'y' })],
    ['a refused input', '/products', post({})],
    ['a malformed body', '/products', { ...post({}), body: '{' }],
    ['an unknown path', '/nowhere'],
    ['a wrong method', '/products', { method: 'DELETE' }],
    ['an error', '/error'],
    ['liveness', '/livez'],
    ['readiness', '/readyz'],
    ['metrics', '/metrics'],
    ['documentation', '/docs'],
    ['a procedure', '/trpc/health.check'],
    ['an unknown procedure', '/trpc/nowhere'],
    ['a preflight', '/products', { method: 'OPTIONS' }],
  ];

  it.each(requests)('carries traceresponse: %s', async (_, path, init) => {
    const response = await backend.fetch(path, init);
    expect(response.headers.get('traceresponse')).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]$/);
  });

  it.each(requests)('carries the same as Server-Timing, for browser agents: %s', async (_, path, init) => {
    const { headers } = await backend.fetch(path, init);
    expect(headers.get('server-timing')).toBe(`traceparent;desc="${headers.get('traceresponse')}"`);
  });

  it.each(requests)('lets scripts of any origin read it: %s', async (_, path, init) => {
    const response = await backend.fetch(path, init);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-expose-headers')).toMatch(/traceresponse.*Link.*Location.*Retry-After/);
  });

  it.each(requests)('tells browsers to be careful: %s', async (_, path, init) => {
    const { headers } = await backend.fetch(path, init);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(headers.get('x-powered-by')).toBeNull();
  });
});

describe('CORS', () => {
  const origin = 'https://shop.example';

  it('answers the preflight of a POST', async () => {
    const response = await backend.fetch('/products', {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type,uber-trace-id',
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-methods')).toContain('POST');
    expect(response.headers.get('access-control-allow-headers')).toBe('content-type,uber-trace-id');
  });

  it('lets the preflight for an unknown path pass, so that the script can read the 404', async () => {
    const headers = { Origin: origin, 'Access-Control-Request-Method': 'POST' };
    expect((await backend.fetch('/nowhere', { method: 'OPTIONS', headers })).status).toBe(204);
  });

  it('takes origins of any scheme, and one label of a host that may be anything', async () => {
    await using limited = await startOnSamples({
      CORS_ORIGINS:
        'capacitor://localhost,chrome-extension://abcdefgh,https://*.shop.example,https://app.*.example:8443',
    });
    const allowedFor = async (name: string) =>
      (await limited.fetch('/livez', { headers: { Origin: name } })).headers.get('access-control-allow-origin');
    const allowed = [
      'capacitor://localhost',
      'chrome-extension://abcdefgh',
      'https://www.shop.example',
      'https://app.eu.example:8443',
    ];
    for (const name of allowed) expect(await allowedFor(name)).toBe(name);
    const refused = [
      'https://shop.example',
      'https://a.b.shop.example',
      'http://www.shop.example',
      'https://www.shop.example.evil.example',
      'https://wwwxshop.example',
      'https://app.eu.example',
      'capacitor://evil',
    ];
    for (const name of refused) expect(await allowedFor(name)).toBeNull();
  });

  it('names only the configured origins', async () => {
    await using limited = await startOnSamples({ CORS_ORIGINS: `${origin}, https://admin.example` });
    const allowed = await limited.fetch('/products', { headers: { Origin: origin } });
    expect(allowed.headers.get('access-control-allow-origin')).toBe(origin);
    expect(allowed.headers.get('vary')).toMatch(/Origin/);
    for (const accepted of ['application/json', 'application/jsonl']) {
      const headers = { Origin: origin, 'trpc-accept': accepted };
      const called = await limited.fetch('/trpc/health.check?batch=1', { headers });
      expect(called.headers.get('vary')).toMatch(/Origin/);
    }
    // A cache must not give the answer of a client without an origin to one that has any.
    expect((await limited.fetch('/products/1')).headers.get('vary')).toBe('Origin');
    const page = await limited.fetch('/', { headers: { Accept: 'text/html' } });
    expect(page.headers.get('vary')?.split(', ').toSorted()).toEqual(['Accept', 'Accept-Language', 'Origin']);
    const refused = await limited.fetch('/products', { headers: { Origin: 'https://evil.example' } });
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
  });
});
