// Every metric of the service: docs/telemetry-reference.md is made from this, and so are the instruments.

import { tracingStatuses } from '../traces/state.js';
import { querySpans } from './spans.js';

export interface Metric {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: readonly string[];
  /** Upper bounds of a histogram, ascending, in the metric's unit. */
  readonly buckets?: readonly number[];
  /** Whether its buckets name traces, in OpenMetrics. */
  readonly hasExemplars?: true;
}

const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
const requestLabels = ['method', 'path', 'status'] as const;
const queryLabels = ['operation', 'table'] as const;

/** Methods that have a series of their own; OpenTelemetry's word for any other is `_OTHER`. */
export const countedMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Values of `status` of `database_connection_pool`. */
export const poolStatuses = {
  size: 'the configured size of the pool',
  checked_out: 'in use',
  idle: 'open and unused',
  waiting: 'requests that wait for one',
} as const;

export type PoolStatus = keyof typeof poolStatuses;

const code = (words: Iterable<string>) => [...new Set(words)].map((word) => `\`${word}\``).join(', ');
const queries: readonly { operation: string; table?: string }[] = Object.values(querySpans);

/** The values that labels take. */
export const labelValues = {
  method: `${code(countedMethods)}; \`_OTHER\` for any other`,
  path: 'template of the route: `/products/:id`, `/trpc/products.list`, `/trpc/(batch)`; `(unmatched)` for no route',
  status: `status of the response, 499 when the client left before its end; of connections: ${Object.entries(
    poolStatuses,
  )
    .map(([status, meaning]) => `\`${status}\` (${meaning})`)
    .join(', ')}`,
  operation: code(queries.map(({ operation }) => operation)),
  table: code(queries.flatMap(({ table }) => table ?? [])),
  version: 'version of the service',
  revision: '`REVISION`: the commit that the image was built from',
  node: 'version of Node.js',
  state: `${code(tracingStatuses)}: \`foreign\` where something else had registered a tracer first, \`absent\` without the preload`,
};

export const metrics = {
  http_requests_total: { type: 'counter', help: 'HTTP requests answered', labels: requestLabels },
  http_request_duration_seconds: {
    type: 'histogram',
    help: 'Time from the arrival of an HTTP request to the end of its response',
    labels: requestLabels,
    buckets: durationBuckets,
    hasExemplars: true,
  },
  http_requests_in_flight: { type: 'gauge', help: 'HTTP requests that are being answered' },
  database_queries_total: {
    type: 'counter',
    help: 'SQL statements run on a table; checks of the connection are not counted',
    labels: queryLabels,
  },
  database_query_duration_seconds: {
    type: 'histogram',
    help: 'Time of a SQL statement, the wait for a connection included',
    labels: queryLabels,
    buckets: durationBuckets,
  },
  database_connection_pool: {
    type: 'gauge',
    help: 'Connections of the pool: its configured size, those in use, those idle, and requests waiting for one',
    labels: ['status'],
  },
  products_build_info: {
    type: 'gauge',
    help: 'Processes that answer requests, by what they run',
    labels: ['version', 'revision', 'node'],
  },
  tracing_processes: {
    type: 'gauge',
    help: 'Processes that answer requests, by the state of their tracing',
    labels: ['state'],
  },
  spans_exported_total: { type: 'counter', help: 'Spans that the tracing backend has taken' },
  spans_dropped_total: { type: 'counter', help: 'Spans that the tracing backend did not take' },
  log_records_exported_total: { type: 'counter', help: 'Log lines that the OTLP receiver has taken' },
  log_records_dropped_total: { type: 'counter', help: 'Log lines that the OTLP receiver did not take' },
  log_lines_dropped_total: { type: 'counter', help: 'Log lines that the reader of stdout did not take' },
} as const satisfies Record<string, Metric>;

/** The default metrics of Node.js, whose help is prom-client's. Those of `process_open_fds` and its like need `/proc`. */
export const nodeMetrics = {
  process_cpu_user_seconds_total: { type: 'counter' },
  process_cpu_system_seconds_total: { type: 'counter' },
  process_cpu_seconds_total: { type: 'counter' },
  process_start_time_seconds: { type: 'gauge' },
  process_resident_memory_bytes: { type: 'gauge' },
  process_virtual_memory_bytes: { type: 'gauge' },
  process_heap_bytes: { type: 'gauge' },
  process_open_fds: { type: 'gauge' },
  process_max_fds: { type: 'gauge' },
  nodejs_eventloop_lag_seconds: { type: 'gauge' },
  nodejs_eventloop_lag_min_seconds: { type: 'gauge' },
  nodejs_eventloop_lag_max_seconds: { type: 'gauge' },
  nodejs_eventloop_lag_mean_seconds: { type: 'gauge' },
  nodejs_eventloop_lag_stddev_seconds: { type: 'gauge' },
  nodejs_eventloop_lag_p50_seconds: { type: 'gauge' },
  nodejs_eventloop_lag_p90_seconds: { type: 'gauge' },
  nodejs_eventloop_lag_p99_seconds: { type: 'gauge' },
  nodejs_active_resources: { type: 'gauge', labels: ['type'] },
  nodejs_active_resources_total: { type: 'gauge' },
  nodejs_active_handles: { type: 'gauge', labels: ['type'] },
  nodejs_active_handles_total: { type: 'gauge' },
  nodejs_active_requests: { type: 'gauge', labels: ['type'] },
  nodejs_active_requests_total: { type: 'gauge' },
  nodejs_heap_size_total_bytes: { type: 'gauge' },
  nodejs_heap_size_used_bytes: { type: 'gauge' },
  nodejs_external_memory_bytes: { type: 'gauge' },
  nodejs_heap_space_size_total_bytes: { type: 'gauge', labels: ['space'] },
  nodejs_heap_space_size_used_bytes: { type: 'gauge', labels: ['space'] },
  nodejs_heap_space_size_available_bytes: { type: 'gauge', labels: ['space'] },
  nodejs_version_info: { type: 'gauge', labels: ['version', 'major', 'minor', 'patch'] },
  nodejs_gc_duration_seconds: { type: 'histogram', labels: ['kind'], buckets: [0.001, 0.01, 0.1, 1, 2, 5] },
} as const satisfies Record<string, Omit<Metric, 'help'>>;

type Declared = typeof metrics;

export type MetricName = keyof Declared;

/** The histogram whose buckets name traces. */
export const exemplarHistogram = findExemplarHistogram();

function findExemplarHistogram() {
  const [found] = Object.entries<Metric>(metrics).filter(([, { hasExemplars }]) => hasExemplars);
  if (found === undefined) throw new Error('no metric hasExemplars');
  const [name, { labels = [], buckets = [] }] = found;
  return { name, labels, buckets };
}

/** The metrics of a type. */
export type MetricsOf<T extends Metric['type']> = {
  [N in MetricName]: Declared[N]['type'] extends T ? N : never;
}[MetricName];

/** The labels of a metric. */
export type LabelsOf<N extends MetricName> = Declared[N] extends { labels: readonly (infer L extends string)[] }
  ? L
  : never;
