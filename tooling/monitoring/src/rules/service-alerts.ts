import { above, absent, add, age, aggregate, and, divide, equals, multiply, over, select } from '../promql.js';
import type { Alert } from './alert.js';

const perInstance = ['job', 'instance'] as const;
const HOUR_SECONDS = 3_600;

const unavailable = aggregate('sum', perInstance, over('rate', select('http_requests_total', { status: '503' }), '5m'));
const answered = aggregate('sum', perInstance, over('rate', select('http_requests_total'), '5m'));
const pool = (status: 'size' | 'checked_out' | 'waiting') => select('database_connection_pool', { status });
const dropped = over('rate', select('spans_dropped_total'), '5m');
const exported = over('rate', select('spans_exported_total'), '5m');
const memory = select('process_resident_memory_bytes');

export const serviceAlerts = {
  BackendInstanceDown: {
    expression: equals(select('up'), 0),
    for: '1m',
    severity: 'critical',
    summary: '{{ $labels.instance }} cannot be scraped',
    description: 'Prometheus has had no answer from /metrics for a minute: the process is gone, frozen, or cut off.',
  },
  BackendAbsent: {
    expression: absent(select('up')),
    for: '5m',
    severity: 'critical',
    summary: 'Prometheus knows no instance of the service',
    description: 'There is no target of job {{ $labels.job }}: none runs, or none is discovered.',
  },
  BackendDatabaseUnavailable: {
    expression: above(divide(unavailable, answered), 0.05),
    for: '2m',
    severity: 'critical',
    summary: '{{ $labels.instance }} answers 503: it has no database, or no connection to spare',
    description: '{{ $value | humanizePercentage }} of its requests got 503 in the last five minutes.',
  },
  BackendPoolExhausted: {
    expression: above(pool('waiting'), 0),
    for: '2m',
    severity: 'critical',
    summary: 'Requests wait for a database connection on {{ $labels.instance }}',
    description: '{{ $value }} requests wait: all connections, the overflow included, are in use.',
  },
  BackendPoolOverflowing: {
    expression: above(pool('checked_out'), pool('size'), ['status']),
    for: '15m',
    severity: 'warning',
    summary: '{{ $labels.instance }} lives on connections beyond its pool',
    description: '{{ $value }} connections are in use, more than are kept: the others are opened and closed each time.',
  },
  BackendQueriesSlow: {
    expression: above(
      divide(
        aggregate('sum', ['job', 'operation'], over('rate', select('database_query_duration_seconds_sum'), '5m')),
        aggregate('sum', ['job', 'operation'], over('rate', select('database_query_duration_seconds_count'), '5m')),
      ),
      0.25,
    ),
    for: '10m',
    severity: 'warning',
    summary: 'Statements ({{ $labels.operation }}) are slow',
    description: 'They take {{ $value | humanizeDuration }} on average, the wait for a connection included.',
  },
  BackendEventLoopLagging: {
    expression: above(select('nodejs_eventloop_lag_p99_seconds'), 0.1),
    for: '5m',
    severity: 'warning',
    summary: 'Something holds up the event loop of {{ $labels.instance }}',
    description: 'One turn in a hundred is late by {{ $value | humanizeDuration }}, and every request with it.',
  },
  BackendMemoryGrowing: {
    // Only once the time it is measured over is all of one process: a young one grows to its working size.
    expression: and(
      above(divide(multiply(over('deriv', memory, '6h'), 6 * HOUR_SECONDS), over('avg_over_time', memory, '6h')), 0.5),
      above(age(select('process_start_time_seconds')), 6 * HOUR_SECONDS),
    ),
    for: '30m',
    severity: 'warning',
    summary: 'The memory of {{ $labels.instance }} grows',
    description: 'In six hours it has grown by {{ $value | humanizePercentage }} of its average.',
  },
  BackendRestarting: {
    expression: above(over('changes', select('process_start_time_seconds'), '15m'), 2),
    for: '0m',
    severity: 'warning',
    summary: '{{ $labels.instance }} keeps starting anew',
    description: '{{ $value }} starts in a quarter of an hour.',
  },
  BackendUntraced: {
    expression: above(select('tracing_processes', { state: ['=~', 'foreign|failed|absent'] }), 0),
    for: '5m',
    severity: 'warning',
    summary: '{{ $labels.instance }} sends no spans: its tracing is {{ $labels.state }}',
    description: '{{ $value }} processes answer requests without the service’s own tracing.',
  },
  BackendSpansDropped: {
    expression: above(divide(dropped, add(dropped, exported)), 0.01),
    for: '10m',
    severity: 'warning',
    summary: 'Traces of {{ $labels.instance }} are lost',
    description: 'The tracing backend does not take {{ $value | humanizePercentage }} of the spans.',
  },
  BackendLogLinesDropped: {
    expression: above(over('increase', select('log_lines_dropped_total'), '10m'), 0),
    for: '0m',
    severity: 'warning',
    summary: 'Log lines of {{ $labels.instance }} are lost',
    description: 'Within the last ten minutes the reader of stdout did not keep up with what is written.',
  },
} as const satisfies Record<string, Alert>;
