import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, post, startBackend } from './backend.js';
import { eventually } from './eventually.js';
import { sendRaw } from './raw-http.js';
import { inGateOrSoak, report, SOAK_TIMEOUT_MS } from './soak.js';

/** Each visit asks for four. */
const VISITS = inGateOrSoak(500, 25_000);
const METHODS = ['REPORT', 'LOCK', 'UNLOCK', 'COPY', 'MOVE', 'MKCOL', 'SEARCH', 'PURGE', 'LINK', 'NOTIFY'] as const;

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend({ SLOW_ENDPOINT_DELAY: '0.01' });
});
afterAll(() => backend.stop());

async function readSeries(): Promise<Map<string, number>> {
  const body = await (await backend.fetch('/metrics')).text();
  const samples = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const [, series, value] = /^(.*) (\S+)$/.exec(line) ?? [];
      return [String(series), Number(value)];
    }),
  );
}

describe('the metrics', () => {
  it('count exactly the requests and statements that were made, and nothing twice', async () => {
    const product = { name: 'x', price: 1, category: 'y' };
    const kinds: [number, number, string, string, string, RequestInit | undefined][] = [
      // times, status, method, path label, path
      [70, 200, 'GET', '/products', '/products', undefined],
      [60, 200, 'GET', '/products/:id', '/products/1', undefined],
      [50, 404, 'GET', '/products/:id', '/products/99999', undefined],
      [40, 400, 'GET', '/products/:id', '/products/x', undefined],
      [30, 201, 'POST', '/products', '/products', post(product)],
      [20, 400, 'POST', '/products', '/products', post({ ...product, price: -1 })],
      [15, 500, 'GET', '/error', '/error', undefined],
      [10, 404, 'GET', '(unmatched)', '/nowhere', undefined],
      [9, 405, 'DELETE', '/products', '/products', { method: 'DELETE' }],
      [8, 200, 'GET', '/trpc/products.list', '/trpc/products.list', undefined],
      [7, 200, 'GET', '/slow', '/slow', undefined],
      [6, 200, 'GET', '/health', '/health', undefined],
    ];
    const requests = kinds.flatMap(([times, , , , path, init]) =>
      Array.from({ length: times }, () => [path, init] as const),
    );
    await Promise.all(requests.map(async ([path, init]) => (await backend.fetch(path, init)).arrayBuffer()));

    await eventually(async () => {
      const series = await readSeries();
      const counted = (name: string) =>
        Object.fromEntries([...series].filter(([key]) => key.startsWith(`${name}{`) && !key.includes('"/metrics"')));
      const expected = (name: string) =>
        Object.fromEntries(
          kinds.map(([times, status, method, path]) => [
            `${name}{method="${method}",path="${path}",status="${status}"}`,
            times,
          ]),
        );
      expect(counted('http_requests_total')).toEqual(expected('http_requests_total'));
      expect(counted('http_request_duration_seconds_count')).toEqual(expected('http_request_duration_seconds_count'));
      // The statement of /health reads no table.
      expect(counted('database_queries_total')).toEqual({
        'database_queries_total{operation="SELECT",table="products"}': 70 + 60 + 50 + 8,
        'database_queries_total{operation="INSERT",table="products"}': 30,
      });
      // The scrape itself is not counted.
      expect(series.get('http_requests_in_flight')).toBe(0);
      expect(series.get('database_connection_pool{status="checked_out"}')).toBe(0);
    });
  });

  it(
    'have no more series after thousands of URLs and dozens of methods',
    async () => {
      const visit = async (index: number) => {
        await Promise.all(
          [
            `/${index}`,
            `/products/${index + 100_000}`,
            `/trpc/x${index}`,
            `/products?limit=${(index % 1_000) + 1}`,
          ].map(async (path) => (await backend.fetch(path)).arrayBuffer()),
        );
      };
      await visit(0);
      await sendRaw(backend.url, 'PROPFIND / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      const requestSeries = async () =>
        [...(await readSeries()).keys()].filter((key) => !key.startsWith('nodejs_')).sort();
      const before = await requestSeries();
      for (let index = 1; index <= VISITS; index += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, offset) => visit(index + offset)));
      }
      for (const method of METHODS) {
        await sendRaw(backend.url, `${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      }
      const startedAt = performance.now();
      const scrape = await (await backend.fetch('/metrics')).text();
      report(
        `cardinality: ${4 * VISITS} URLs, ${METHODS.length} methods more; a scrape has ${scrape.length} bytes and takes ${(performance.now() - startedAt).toFixed(0)} ms`,
      );
      expect(scrape.length).toBeLessThan(100_000);
      expect(await requestSeries()).toEqual(before);
    },
    SOAK_TIMEOUT_MS,
  );
});
