import { expect, it } from 'vitest';
import { parseExposition } from '../src/exposition.js';
import { readMetricNames } from '../src/parity/names.js';

it('of metrics types and labels are left', () => {
  const exposition = `# HELP requests_total x
# TYPE requests_total counter
requests_total{method="GET",path="/a,b=\\"c\\""} 1
# TYPE duration_seconds histogram
duration_seconds_bucket{le="1",path="/"} 1
duration_seconds_count{path="/"} 1
# TYPE up gauge
up 1
# TYPE unused counter
# TYPE nodejs_active_requests gauge
nodejs_active_requests{type="x"} 1
`;
  expect(Object.fromEntries(readMetricNames(parseExposition(exposition)))).toEqual({
    requests_total: 'counter {method,path}',
    duration_seconds: 'histogram {path}',
    up: 'gauge {}',
    unused: 'counter {?}',
    nodejs_active_requests: 'gauge',
  });
});

it('a label may hold braces and quotes, and an exemplar is its series’', () => {
  const series = 'duration_seconds_bucket{le="0.005",path="/{a} 1 # \\"b\\""}';
  const { samples } = parseExposition(`${series} 3 # {trace_id="4bf92f"} 0.004 1.5e9\nup 1\n# EOF\n`);
  expect([...samples]).toEqual([
    [series, { metric: 'duration_seconds_bucket', labels: ['le', 'path'], value: 3, traceId: '4bf92f' }],
    ['up', { metric: 'up', labels: [], value: 1, traceId: undefined }],
  ]);
});
