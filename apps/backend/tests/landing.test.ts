// The service's own address: a page for browsers, JSON for everybody else.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServingProcess, startOnSamples } from './backend.js';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

let service: ServingProcess;
let known: ServingProcess;
beforeAll(async () => {
  [service, known] = await Promise.all([
    startOnSamples(),
    startOnSamples({
      PUBLIC_URL: 'https://api.example.com/shop',
      TRACE_URL: 'https://traces.example.com/trace/{trace_id}?a="b"',
      REVISION: '4bf92f35',
    }),
  ]);
});
afterAll(() => Promise.all([service.stop(), known.stop()]));

describe('GET /', () => {
  it('says what the service is and where to go on', async () => {
    const response = await service.fetch('/');
    expect(response.headers.get('vary')).toContain('Accept');
    const body = (await response.json()) as { links: Record<string, string> };
    expect(body).toEqual({
      service: 'backend',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      links: {
        products: '/products',
        docs: '/docs',
        openapi: '/openapi.json',
        health: '/health',
        metrics: '/metrics',
      },
      example: `curl -i ${service.url}/products/1`,
    });
    for (const path of Object.values(body.links)) expect((await service.fetch(path)).status).toBe(200);
  });

  it('is a page in a browser, in its language', async () => {
    const english = await service.fetch('/', { headers: { Accept: BROWSER } });
    expect(english.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(english.headers.get('content-language')).toBe('en');
    expect(english.headers.get('vary')).toMatch(/Accept-Language/);
    const page = await english.text();
    for (const text of ['backend', 'href="/docs"', 'href="/health"', 'href="/metrics"', `curl -i ${service.url}`]) {
      expect(page).toContain(text);
    }
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    const french = await service.fetch('/', { headers: { Accept: BROWSER, 'Accept-Language': 'fr-CA,fr;q=0.9' } });
    expect(french.headers.get('content-language')).toBe('fr');
    expect(await french.text()).toContain('Documentation de l’API');
  });

  it('leads behind a path prefix, to the revision and to traces, when they are known', async () => {
    const body = (await (await known.fetch('/')).json()) as { revision: string; links: Record<string, string> };
    expect(body.revision).toBe('4bf92f35');
    expect(body.links).toMatchObject({
      docs: 'https://api.example.com/shop/docs',
      traces: 'https://traces.example.com/',
    });
    const response = await known.fetch('/', { headers: { Accept: BROWSER } });
    const traceId = response.headers.get('traceresponse')?.split('-')[1];
    const page = await response.text();
    expect(page).toContain(`href="https://traces.example.com/trace/${traceId}?a=&#34;b&#34;"`);
    expect(page).toContain('curl -i https://api.example.com/shop/products/1');
  });

  it.each(['"><script>alert(1)</script>', '`rm -rf`', 'a b'])('does not repeat the host %j', async (host) => {
    const page = await (await service.fetch('/', { headers: { Accept: BROWSER, 'X-Forwarded-Host': host } })).text();
    expect(page).not.toContain(host);
  });
});

it('GET /favicon.ico is a picture', async () => {
  const response = await service.fetch('/favicon.ico');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('image/png');
  expect(
    Buffer.from(await response.arrayBuffer())
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG');
});
