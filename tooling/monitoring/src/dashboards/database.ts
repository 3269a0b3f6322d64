import { logLines } from '../logql.js';
import { aggregate, divide, histogramQuantile, over } from '../promql.js';
import type { Dashboard, Query } from './specification.js';
import { instanceVariable, selectInstances, WINDOW } from './variables.js';

const buckets = aggregate(
  'sum',
  ['operation', 'le'],
  over('rate', selectInstances('database_query_duration_seconds_bucket'), WINDOW),
);
const sums = over('rate', selectInstances('database_query_duration_seconds_sum'), WINDOW);
const counts = over('rate', selectInstances('database_query_duration_seconds_count'), WINDOW);
const unavailable = over('rate', selectInstances('http_requests_total', { status: '503' }), WINDOW);
const connections = (status: 'size' | 'checked_out' | 'idle' | 'waiting') =>
  selectInstances('database_connection_pool', { status });
const byInstance = (status: Parameters<typeof connections>[0]): Query => ({
  expression: connections(status),
  legend: '{{status}} {{instance}}',
});

export const database: Dashboard = {
  uid: 'products-database',
  title: 'Products: database',
  description: 'Statements, and the pool of connections that they run on.',
  variables: [instanceVariable],
  rows: [
    {
      title: 'Statements',
      panels: [
        {
          kind: 'graph',
          title: 'Rate',
          description: 'Statements run a second.',
          unit: 'ops',
          queries: [
            {
              expression: aggregate(
                'sum',
                ['operation', 'table'],
                over('rate', selectInstances('database_queries_total'), WINDOW),
              ),
              legend: '{{operation}} {{table}}',
            },
          ],
        },
        {
          kind: 'graph',
          title: 'Duration',
          description: 'The wait for a connection included.',
          unit: 's',
          queries: [
            { expression: histogramQuantile(0.5, buckets), legend: 'p50 {{operation}}' },
            { expression: histogramQuantile(0.95, buckets), legend: 'p95 {{operation}}' },
            { expression: histogramQuantile(0.99, buckets), legend: 'p99 {{operation}}' },
            {
              expression: divide(aggregate('sum', ['operation'], sums), aggregate('sum', ['operation'], counts)),
              legend: 'mean {{operation}}',
            },
          ],
          limit: 0.25,
        },
        {
          kind: 'graph',
          title: 'Requests without a database',
          description: 'Requests that got a 503, a second.',
          unit: 'reqps',
          queries: [{ expression: aggregate('sum', ['path'], unavailable), legend: '{{path}}' }],
        },
        {
          kind: 'logs',
          title: 'Disconnections',
          description: 'What the health check found, and why.',
          logql: logLines({ event: 'database_disconnected' }),
        },
      ],
    },
    {
      title: 'Pool',
      panels: [
        {
          kind: 'graph',
          title: 'Connections',
          description:
            'In use and idle, beside the number that is kept. More are opened up to the overflow, then closed.',
          unit: 'short',
          queries: [byInstance('size'), byInstance('checked_out'), byInstance('idle')],
        },
        {
          kind: 'graph',
          title: 'Saturation',
          description: 'Connections in use for each one that is kept; above 100 % the overflow is in use.',
          unit: 'percentunit',
          queries: [
            { expression: divide(connections('checked_out'), connections('size'), ['status']), legend: '{{instance}}' },
          ],
          limit: 1,
        },
        {
          kind: 'graph',
          title: 'Waiting',
          description: 'Requests that wait for a connection.',
          unit: 'short',
          queries: [byInstance('waiting')],
          limit: 1,
        },
      ],
    },
  ],
};
