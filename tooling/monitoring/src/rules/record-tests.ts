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

/** Tests of the recording rules, for promtool. */
export function renderRecordTests() {
  const { promql } = badRatio('availability', '5m');
  return scenarios.map(({ name, series, failed }) => ({
    interval: '1m',
    name,
    input_series: series.map((each) => ({ series: each, values: '0+10x10' })),
    promql_expr_test: [{ expr: promql, eval_time: '10m', exp_samples: [{ labels: promql, value: failed }] }],
  }));
}
