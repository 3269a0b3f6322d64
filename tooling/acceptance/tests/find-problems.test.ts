import type { JaegerSpan } from '@products/jaeger';
import { describe, expect, it } from 'vitest';
import { printResult } from '../src/print.js';
import type { Expectation } from '../src/request.js';
import { findProblems } from '../src/verify-telemetry/find-problems.js';
import type { Observation } from '../src/verify-telemetry/observe.js';

const expectation: Expectation = {
  request: { name: 'GET /products', method: 'GET', path: '/products' },
  status: 200,
  route: '/products',
  spans: ['GET /products', '  db_query_products'],
  lines: ['request_received', 'products_requested', 'products_retrieved', 'request_completed'],
  isMeasured: true,
};

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const span = (spanId: string, parentSpanId: string, operationName: string, tags: JaegerSpan['tags']): JaegerSpan => ({
  traceId,
  spanId,
  parentSpanId,
  operationName,
  links: [],
  flags: 1,
  startMicroseconds: 0,
  durationMicroseconds: 1,
  tags,
  logs: [],
});
const server = span('aaaaaaaaaaaaaaaa', '0000000000000000', 'GET /products', {
  'http.status_code': 200n,
  'http.route': '/products',
});
const query = span('bbbbbbbbbbbbbbbb', 'aaaaaaaaaaaaaaaa', 'db_query_products', {});

const line = (message: string, spanId: string, fields: Record<string, unknown> = {}) => ({
  timestamp: '2024-12-14 21:30:00',
  time: 0,
  level: 'INFO',
  service: 'backend',
  message,
  trace_id: traceId,
  span_id: spanId,
  ...fields,
});
const request = { method: 'GET', path: '/products' };
const completed = { ...request, status: 200, route: '/products', duration_ms: 5 };
const lines = [
  line('Requête reçue: GET /products', server.spanId, request),
  line('Récupération de tous les produits', server.spanId),
  line('10 produits récupérés', query.spanId, { count: 10 }),
  line('Requête complétée: GET /products', server.spanId, completed),
];

const labels = 'method="GET",path="/products",status="200"';
const growth = new Map([
  [`http_requests_total{${labels}}`, 1],
  [`http_request_duration_seconds_count{${labels}}`, 1],
  [`http_request_duration_seconds_sum{${labels}}`, 0.005],
  ['database_queries_total{operation="SELECT",table="products"}', 1],
  ['database_query_duration_seconds_count{operation="SELECT",table="products"}', 1],
]);
const bucket = `http_request_duration_seconds_bucket{le="0.005",${labels}}`;

const right: Observation = {
  status: 200,
  traceResponse: `00-${traceId}-${server.spanId}-01`,
  lines,
  spans: [server, query],
  growth,
  exemplars: [bucket],
};
const withGrowth = (series: string, value: number) => ({ ...right, growth: new Map([...growth, [series, value]]) });
const withLine = (index: number, changes: Record<string, unknown>) => ({
  ...right,
  lines: lines.map((original, at) => (at === index ? { ...original, ...changes } : original)),
});

it('finds nothing wrong with a request that tells one story', () => {
  expect(findProblems(expectation, right)).toEqual([]);
});

describe('finds', () => {
  it.each<[string, Observation, string]>([
    [
      'an added query',
      { ...right, spans: [...right.spans, { ...query, spanId: 'cccccccccccccccc' }] },
      'spans: +1 db_query_products',
    ],
    ['a missing query', { ...right, spans: [server] }, 'spans: -1 db_query_products'],
    [
      'a query of another parent',
      { ...right, spans: [server, { ...query, parentSpanId: '1111111111111111' }] },
      'tree of spans: ',
    ],
    ['no span at all', { ...right, spans: [] }, 'spans: -1 GET /products'],
    ['another status', { ...right, status: 500 }, 'status: 500 instead of 200'],
    [
      'another status on the span',
      { ...right, spans: [{ ...server, tags: { ...server.tags, 'http.status_code': 404n } }, query] },
      'tag http.status_code: 404 instead of 200',
    ],
    [
      'an error that is none',
      { ...right, spans: [{ ...server, tags: { ...server.tags, error: true } }, query] },
      'tag error: true instead of false',
    ],
    ['a missing header', { ...right, traceResponse: '' }, 'traceresponse is malformed: ""'],
    [
      'a header of another span',
      { ...right, traceResponse: `00-${traceId}-${query.spanId}-01` },
      `span id of traceresponse: ${query.spanId} instead of ${server.spanId}`,
    ],
    ['a missing line', { ...right, lines: lines.slice(1) }, 'log lines: -1 request_received'],
    ['a line too many', { ...right, lines: [...lines, lines[1] ?? {}] }, 'log lines: +1 products_requested'],
    ['an undeclared line', withLine(1, { message: 'Bonjour' }), 'undeclared log line: '],
    ['an undeclared field', withLine(1, { password: 'x' }), 'products_requested: undeclared field password'],
    [
      'a line of the wrong span',
      withLine(2, { span_id: server.spanId }),
      'span of "10 produits récupérés": GET /products instead of db_query_products',
    ],
    ['lines in the wrong order', { ...right, lines: lines.toReversed() }, 'first line: request_completed'],
    ['another duration', withLine(3, { duration_ms: 7 }), 'duration: 7 ms in the log, 5 ms in the metric'],
    ['another route', withLine(3, { route: '/x' }), 'route of the last line: /x instead of /products'],
    ['another level', withLine(3, { level: 'WARNING' }), 'level of the last line: WARNING instead of INFO'],
    [
      'a request counted twice',
      withGrowth(`http_requests_total{${labels}}`, 2),
      `metrics: +1 http_requests_total{${labels}}`,
    ],
    [
      'a query not counted',
      withGrowth('database_queries_total{operation="SELECT",table="products"}', 0),
      'metrics: -1 database_queries_total{operation="SELECT",table="products"}',
    ],
    ['a missing exemplar', { ...right, exemplars: [] }, 'exemplars: 0 instead of 1'],
    [
      'an exemplar of another series',
      { ...right, exemplars: [bucket.replace('GET', 'POST')] },
      'exemplar of another series: ',
    ],
  ])('%s', (_, observation, problem) => {
    expect(findProblems(expectation, observation)).toContainEqual(expect.stringContaining(problem));
  });
});

it('prints spans, lines and metrics side by side, and what is wrong', () => {
  const observation = { ...right, spans: [...right.spans, { ...query, spanId: 'cccccccccccccccc' }] };
  const result = { expectation, observation, problems: findProblems(expectation, observation) };
  expect(printResult(result).split('\n')).toEqual([
    '✗ GET /products → 200',
    `    traceresponse 00-${traceId}-aaaaaaaaaaaaaaaa-01`,
    `    exemplar      ${bucket}`,
    `    GET /products       │ INFO    Requête reçue: GET /products  [aaaa…]      │ +1 http_requests_total{${labels}}`,
    `      db_query_products │ INFO    Récupération de tous les produits  [aaaa…] │ +1 http_request_duration_seconds_count{${labels}}`,
    '      db_query_products │ INFO    10 produits récupérés  [bbbb…]             │ +1 database_queries_total{operation="SELECT",table="products"}',
    '                        │ INFO    Requête complétée: GET /products  [aaaa…]  │ +1 database_query_duration_seconds_count{operation="SELECT",table="products"}',
    '  ! spans: +1 db_query_products',
    '',
  ]);
});
