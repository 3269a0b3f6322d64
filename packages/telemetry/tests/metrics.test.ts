import { describe, expect, it, vi } from 'vitest';
import { createMetrics, mergeSnapshots, prefersOpenMetrics, renderMetrics, retainCounts } from '../src/index.js';

const pool = { size: 10, checked_out: 3, idle: 2, waiting: 1 };
const sources = {
  pool: () => pool,
  spans: () => ({ exported: 5, dropped: 2 }),
  logRecords: () => ({ exported: 7, dropped: 3 }),
  droppedLogLines: () => 1,
  build: { version: '1.0.0', revision: 'abc', node: '24.21.0' },
  tracing: 'started',
} as const;

it('counts and times requests and queries under the documented names and labels', async () => {
  const metrics = createMetrics({ ...sources, pool: () => pool });
  for (const status of [200, 200, 404]) {
    metrics.requestStarted();
    metrics.requestEnded({ method: 'GET', path: '/products/:id', status, durationSeconds: 0.02, traceId: undefined });
  }
  metrics.requestStarted();
  metrics.queryEnded({ operation: 'SELECT', table: 'products', durationSeconds: 0.001 });

  const { contentType, body } = renderMetrics(await metrics.snapshot(), false);
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = body.split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'http_requests_total{method="GET",path="/products/:id",status="200"} 2',
      'http_requests_total{method="GET",path="/products/:id",status="404"} 1',
      'http_request_duration_seconds_count{method="GET",path="/products/:id",status="200"} 2',
      'http_request_duration_seconds_bucket{le="0.025",method="GET",path="/products/:id",status="200"} 2',
      'http_requests_in_flight 1',
      'database_queries_total{operation="SELECT",table="products"} 1',
      'database_query_duration_seconds_count{operation="SELECT",table="products"} 1',
      'spans_exported_total 5',
      'spans_dropped_total 2',
      'log_records_exported_total 7',
      'log_records_dropped_total 3',
      'log_lines_dropped_total 1',
      'products_build_info{version="1.0.0",revision="abc",node="24.21.0"} 1',
      'tracing_processes{state="started"} 1',
      'tracing_processes{state="foreign"} 0',
    ]),
  );
  expect(body).toContain('nodejs_eventloop_lag_seconds');
});

it('reads the pool when it is scraped', async () => {
  let reading = pool;
  const metrics = createMetrics({ ...sources, pool: () => reading });
  const gauges = async () =>
    renderMetrics(await metrics.snapshot(), false)
      .body.split('\n')
      .filter((line) => line.startsWith('database_connection_pool{'));
  expect(await gauges()).toEqual([
    'database_connection_pool{status="size"} 10',
    'database_connection_pool{status="checked_out"} 3',
    'database_connection_pool{status="idle"} 2',
    'database_connection_pool{status="waiting"} 1',
  ]);
  reading = { ...pool, checked_out: 7 };
  expect(await gauges()).toContain('database_connection_pool{status="checked_out"} 7');
});

describe('OpenMetrics', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const exposeAs = async (accept: string) => {
    const metrics = createMetrics(sources);
    const request = { method: 'GET', path: '/products', status: 200 };
    for (const [durationSeconds, id] of [
      [0.02, traceId.replace('4bf', 'aaa')],
      [0.024, traceId],
      [60, traceId],
      [0.3, undefined],
    ] as const) {
      metrics.requestStarted();
      metrics.requestEnded({ ...request, durationSeconds, traceId: id });
    }
    return renderMetrics(await metrics.snapshot(), prefersOpenMetrics(accept));
  };

  it.each([
    ['application/openmetrics-text', true],
    ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1', true],
    ['text/plain;version=0.0.4;q=0.9,application/openmetrics-text;q=0.1', false],
    ['application/openmetrics-text;q=0', false],
    ['text/plain', false],
    ['*/*', false],
    ['', false],
  ])('is given to %s: %s', async (accept, isOpenMetrics) => {
    const { contentType, body } = await exposeAs(accept);
    expect(contentType.startsWith('application/openmetrics-text; version=1.0.0')).toBe(isOpenMetrics);
    expect(body.endsWith('\n# EOF\n')).toBe(isOpenMetrics);
  });

  it('shows the latest sampled trace of each bucket as its exemplar', async () => {
    const { body } = await exposeAs('application/openmetrics-text');
    const withExemplar = body.split('\n').filter((line) => line.includes(' # {'));
    const series = 'method="GET",path="/products",status="200"';
    expect(withExemplar).toEqual([
      expect.stringMatching(
        new RegExp(
          `^http_request_duration_seconds_bucket\\{le="0.025",${series}\\} 2 # \\{trace_id="${traceId}"\\} 0.024 \\d+\\.\\d{3}$`,
        ),
      ),
      expect.stringContaining(`{le="+Inf",${series}} 4 # {trace_id="${traceId}"} 60 `),
    ]);
  });

  it('names counters’ families without the suffix of their samples', async () => {
    const { body } = await exposeAs('application/openmetrics-text');
    expect(body).toContain(
      '# TYPE http_requests counter\nhttp_requests_total{method="GET",path="/products",status="200"} 4\n',
    );
    expect(body).not.toMatch(/_total_total|\n\n/);
  });
});

it('a bucket has its latest exemplar, also after the clock was set back', async () => {
  const metrics = createMetrics(sources);
  const request = { method: 'GET', path: '/products', status: 200, durationSeconds: 0.02 };
  metrics.requestEnded({ ...request, traceId: 'a'.repeat(32) });
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
  metrics.requestEnded({ ...request, traceId: 'b'.repeat(32) });
  vi.restoreAllMocks();
  expect(renderMetrics(await metrics.snapshot(), true).body).toContain(`{trace_id="${'b'.repeat(32)}"}`);
});

describe('the metrics of several processes', () => {
  const request = { method: 'GET', path: '/products', status: 200, durationSeconds: 0.02 };
  const measure = async (requests: number, traceId?: string) => {
    const metrics = createMetrics(sources);
    for (let index = 0; index < requests; index += 1) {
      metrics.requestStarted();
      metrics.requestEnded({ ...request, traceId });
    }
    return metrics.snapshot();
  };

  it('are summed, and keep the latest exemplar', async () => {
    const first = await measure(3, 'a'.repeat(32));
    const second = await measure(4, 'b'.repeat(32));
    const { body } = renderMetrics(mergeSnapshots([first, second]), true);
    expect(body).toContain('http_requests_total{method="GET",path="/products",status="200"} 7\n');
    expect(body).toMatch(
      /_bucket\{le="0.025",method="GET",path="\/products",status="200"\} 7 # \{trace_id="b{32}"\} 0.02 /,
    );
    expect(body).toContain('database_connection_pool{status="size"} 20\n');
    expect(body).toMatch(/^process_start_time_seconds \d+/m);
  });

  it('count on when a process has ended, but for what only it had', async () => {
    const ended = retainCounts(await measure(3));
    const { body } = renderMetrics(mergeSnapshots([ended, await measure(4)]), false);
    expect(body).toContain('http_requests_total{method="GET",path="/products",status="200"} 7\n');
    expect(body).toContain('database_connection_pool{status="size"} 10\n');
  });
});
