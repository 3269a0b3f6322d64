import { select } from '../promql.js';
import { badRatio } from '../slo.js';

const request = { instance: 'a:5000', method: 'GET', path: '/products' };
const answered = (status: string) => select('http_requests_total', { ...request, status }).promql;
const excluded = select('http_requests_total', { ...request, path: '/error', status: '500' }).promql;

/** Where the share of failures is easily got wrong: one side of the division has no series. */
const scenarios: readonly { name: string; series: readonly string[]; failed: number }[] = [
  { name: 'nothing has ever failed', series: [answered('200')], failed: 0 },
  { name: 'everything fails', series: [answered('500')], failed: 1 },
  { name: 'only what is left out fails', series: [answered('200'), excluded], failed: 0 },
];

const target = { job: 'backend', instance: request.instance };
const durationsOf = (suffix: 'bucket' | 'count' | 'sum') =>
  select(`http_request_duration_seconds_${suffix}`, {
    ...request,
    status: '200',
    ...(suffix === 'bucket' ? { le: '0.25' } : {}),
  }).promql;

/** Old dashboards find what they ask for: the exporter's counters had no path, its durations the concrete one. */
const flaskNames = {
  interval: '1m',
  name: 'the names of the Flask service’s exporter',
  input_series: [
    { series: answered('200'), values: '0+60x10' },
    {
      series: select('http_requests_total', { ...request, path: '/products/:id', status: '200' }).promql,
      values: '0+60x10',
    },
    { series: answered('500'), values: '0+6x10' },
    { series: durationsOf('bucket'), values: '0+30x10' },
    { series: durationsOf('count'), values: '0+60x10' },
    { series: durationsOf('sum'), values: '0+6x10' },
  ],
  promql_expr_test: [
    { expr: 'flask_http_request_total', status: '200', value: 1_200 },
    { expr: 'flask_http_request_total', status: '500', value: 60 },
    { expr: 'flask_http_request_exceptions_total', status: '500', value: 60 },
    { expr: 'flask_http_request_duration_seconds_bucket', status: '200', value: 300, le: '0.25' },
    { expr: 'flask_http_request_duration_seconds_count', status: '200', value: 600 },
    { expr: 'flask_http_request_duration_seconds_sum', status: '200', value: 60 },
  ].map(({ expr, status, value, le }) => {
    const labels = {
      ...target,
      method: 'GET',
      status,
      ...(expr.includes('duration') ? { path: request.path } : {}),
      ...(le === undefined ? {} : { le }),
    };
    const rendered = Object.entries(labels).map(([name, text]) => `${name}="${text}"`);
    return {
      expr: `${expr}{status="${status}"}`,
      eval_time: '10m',
      exp_samples: [{ labels: `${expr}{${rendered.join(', ')}}`, value }],
    };
  }),
};

/** Tests of the recording rules, for promtool. */
export function renderRecordTests() {
  const { promql } = badRatio('availability', '5m');
  const availability = scenarios.map(({ name, series, failed }) => ({
    interval: '1m',
    name,
    input_series: series.map((each) => ({ series: each, values: '0+10x10' })),
    promql_expr_test: [{ expr: promql, eval_time: '10m', exp_samples: [{ labels: promql, value: failed }] }],
  }));
  return [...availability, flaskNames];
}
