// Rates, percentiles and gauges between scrapes, as the page shows them.
import { expect, it } from 'vitest';
import { readExposition } from '../src/metrics/exposition.js';
import { readScrape, summarize } from '../src/metrics/overview.js';

const STEP = 5_000;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const isKept = (traceId: string) => traceId === TRACE;

/** A scrape with so many requests so far, a tenth of them 500. */
const scrape = (index: number, requests: number, start = 1) => {
  const ok = `method="GET",path="/products",status="200"`;
  const failed = `method="GET",path="/error",status="500"`;
  const failures = Math.floor(requests / 10);
  return readScrape(
    index * STEP,
    `# HELP http_requests_total x
http_requests_total{${ok}} ${requests - failures}
http_requests_total{${failed}} ${failures}
http_request_duration_seconds_bucket{${ok},le="0.005"} ${requests / 2}
http_request_duration_seconds_bucket{${ok},le="0.01"} ${requests} # {trace_id="${TRACE}"} 0.008 1795726426.1
http_request_duration_seconds_bucket{${ok},le="+Inf"} ${requests}
database_connection_pool{status="checked_out"} 3
process_start_time_seconds ${start}
# EOF`,
  );
};

it('reads samples, labels with any character, and exemplars', () => {
  expect(readExposition('a{x="1 \\"2\\" {3}\\n",y=""} +Inf\nb 1.5 1000\nnonsense\n# EOF\n')).toEqual([
    { name: 'a', labels: { x: '1 "2" {3}\n', y: '' }, value: Number.POSITIVE_INFINITY },
    { name: 'b', labels: {}, value: 1.5 },
  ]);
});

it('gives rates, errors, percentiles within their bucket, gauges, routes and exemplars', () => {
  const overview = summarize([scrape(0, 100), scrape(1, 200)], STEP, isKept);
  expect(overview).toMatchObject({
    times: [5],
    rate: [20],
    errors: [0.1],
    poolUsed: [3],
    memory: [null],
    restarts: [],
  });
  expect(overview.p50[0]).toBeCloseTo(0.005);
  expect(overview.p95[0]).toBeCloseTo(0.0095);
  expect(overview.routes).toMatchObject([
    { route: 'GET /products', requests: 90, perSecond: 18, errors: 0 },
    { route: 'GET /error', requests: 10, errors: 1 },
  ]);
  expect(overview.exemplars).toEqual([
    { traceId: TRACE, value: 0.008, timeMs: 1795726426100, route: 'GET /products', status: '200', isKept: true },
  ]);
  const { exemplars } = summarize([scrape(0, 100), scrape(1, 200)], STEP, () => false);
  expect(exemplars).toMatchObject([{ traceId: TRACE, isKept: false }]);
});

it('only of one route, when one is chosen', () => {
  const { rate, errors } = summarize([scrape(0, 100), scrape(1, 200)], STEP, isKept, 'GET /error');
  expect({ rate, errors }).toEqual({ rate: [2], errors: [1] });
});

it('a missing scrape is a gap, never a zero', () => {
  const { times, rate } = summarize([scrape(0, 100), scrape(1, 200), scrape(4, 300), scrape(5, 400)], STEP, isKept);
  expect(times).toEqual([5, 10, 20, 25]);
  expect(rate).toEqual([20, null, null, 20]);
});

it('a restart has no rate, is marked, and takes nothing from the sums', () => {
  const { rate, restarts, routes } = summarize([scrape(0, 100), scrape(1, 200), scrape(2, 50, 2)], STEP, isKept);
  expect(rate).toEqual([20, null]);
  expect(restarts).toEqual([10]);
  expect(routes[0]?.requests).toBe(90 + 45);
});

it('without requests there are no percentiles', () => {
  const { rate, errors, p99 } = summarize([scrape(0, 100), scrape(1, 100)], STEP, isKept);
  expect({ rate, errors, p99 }).toEqual({ rate: [0], errors: [null], p99: [null] });
});
