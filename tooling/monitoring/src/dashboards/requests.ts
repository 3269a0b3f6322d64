import { logLines } from '../logql.js';
import { aggregate, divide, histogramQuantile, multiply, or, over, type Vector } from '../promql.js';
import type { Dashboard } from './specification.js';
import { instanceVariable, pathVariable, selectInstances, WINDOW } from './variables.js';

const path = ['=~', '$path'] as const;
const rate = over('rate', selectInstances('http_requests_total', { path }), WINDOW);
const failures = over('rate', selectInstances('http_requests_total', { path, status: ['=~', '5..'] }), WINDOW);
const refusals = over('rate', selectInstances('http_requests_total', { path, status: ['=~', '4..'] }), WINDOW);
const buckets = over('rate', selectInstances('http_request_duration_seconds_bucket', { path }), WINDOW);
const all = aggregate('sum', ['job'], rate);
const quantile = (value: number): Vector<'job'> => histogramQuantile(value, aggregate('sum', ['job', 'le'], buckets));

export const requests: Dashboard = {
  uid: 'products-requests',
  title: 'Products: requests',
  description: 'Rate, errors and duration of requests, by route.',
  variables: [instanceVariable, pathVariable],
  rows: [
    {
      title: 'Now',
      panels: [
        {
          kind: 'number',
          title: 'Requests',
          description: 'Requests answered a second.',
          unit: 'reqps',
          queries: [{ expression: all, legend: 'requests' }],
        },
        {
          kind: 'number',
          title: 'Failing',
          description: 'Share of requests that get a 5xx.',
          unit: 'percentunit',
          queries: [
            {
              // Before the first failure there is no series of failures.
              expression: divide(or(aggregate('sum', ['job'], failures), multiply(all, 0)), all),
              legend: '5xx',
            },
          ],
          limit: 0.01,
        },
        {
          kind: 'number',
          title: 'P95',
          description: 'Nineteen requests of twenty are answered within this time.',
          unit: 's',
          queries: [{ expression: quantile(0.95), legend: 'p95' }],
          limit: 0.5,
        },
        {
          kind: 'number',
          title: 'In flight',
          description: 'Requests that are being answered, of all routes.',
          unit: 'short',
          queries: [
            { expression: aggregate('sum', ['job'], selectInstances('http_requests_in_flight')), legend: 'in flight' },
          ],
        },
      ],
    },
    {
      title: 'By route',
      panels: [
        {
          kind: 'graph',
          title: 'Rate',
          description: 'Requests answered a second.',
          unit: 'reqps',
          queries: [{ expression: aggregate('sum', ['method', 'path'], rate), legend: '{{method}} {{path}}' }],
        },
        {
          kind: 'graph',
          title: 'Failures',
          description: 'Requests that got a 5xx, a second.',
          unit: 'reqps',
          queries: [{ expression: aggregate('sum', ['path', 'status'], failures), legend: '{{status}} {{path}}' }],
        },
        {
          kind: 'graph',
          title: 'Refusals',
          description: 'Requests that got a 4xx, a second; 499 when the client left first.',
          unit: 'reqps',
          queries: [{ expression: aggregate('sum', ['path', 'status'], refusals), legend: '{{status}} {{path}}' }],
        },
        {
          kind: 'graph',
          title: 'Duration, P95',
          description:
            'Nineteen requests of twenty are answered within this time. Each dot is a request: open its trace.',
          unit: 's',
          queries: [
            {
              expression: histogramQuantile(0.95, aggregate('sum', ['path', 'le'], buckets)),
              legend: '{{path}}',
              hasExemplars: true,
            },
          ],
        },
      ],
    },
    {
      title: 'All chosen routes',
      panels: [
        {
          kind: 'graph',
          title: 'Duration',
          description: 'Each dot is a request: open its trace.',
          unit: 's',
          queries: [
            { expression: quantile(0.5), legend: 'p50' },
            { expression: quantile(0.95), legend: 'p95' },
            { expression: quantile(0.99), legend: 'p99', hasExemplars: true },
          ],
        },
        {
          kind: 'graph',
          title: 'In flight',
          description: 'Requests that are being answered, of all routes.',
          unit: 'short',
          queries: [{ expression: selectInstances('http_requests_in_flight'), legend: '{{instance}}' }],
        },
      ],
    },
    {
      title: 'What went wrong',
      panels: [
        {
          kind: 'logs',
          title: 'Warnings and errors',
          description: 'Lines of all instances; the trace id of a line opens its trace.',
          logql: logLines({ level: ['WARNING', 'ERROR'] }),
        },
        {
          kind: 'traces',
          title: 'Failed requests',
          description: 'The latest traces with an error.',
          tags: 'error=true',
        },
      ],
    },
  ],
};
