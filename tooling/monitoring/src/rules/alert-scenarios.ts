// The test of each alert: series that make it fire, then clear. Notation: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
import { type LabelsOf, type Matchers, type SampleLabels, type SampleName, select } from '../promql.js';
import type { AlertName } from './rules.js';

export interface Scenario {
  /** Between two samples; the minute unless the windows are long. */
  readonly interval?: '5m';
  readonly series: Readonly<Record<string, string>>;
  readonly firesAt: string;
  readonly clearsAt: string;
  /** Of the firing alert. */
  readonly labels: Readonly<Record<string, string>>;
  /** What its description says for `$value`. */
  readonly value?: string;
}

const instance = 'a:5000';
const job = { job: 'backend' };
const target = { ...job, instance };

export const scenarios: Readonly<Record<AlertName, Scenario>> = {
  BackendAvailabilityBudgetBurnsFast: {
    series: { [requests('200')]: '0+98x100', [requests('500')]: '0+2x30 60x70' },
    firesAt: '10m',
    clearsAt: '90m',
    labels: job,
    value: '2%',
  },
  BackendAvailabilityBudgetBurnsSlowly: {
    interval: '5m',
    series: { [requests('200')]: '0+249x124', [requests('500')]: '0+1x24 24x100' },
    firesAt: '1h',
    clearsAt: '9h',
    labels: job,
    value: '0.4%',
  },
  BackendLatencyBudgetBurnsFast: {
    series: { [fastRequests()]: '0+50x30 1600+100x70', [allRequests()]: '0+100x101' },
    firesAt: '10m',
    clearsAt: '90m',
    labels: job,
    value: '50%',
  },
  BackendLatencyBudgetBurnsSlowly: {
    interval: '5m',
    series: { [fastRequests()]: '0+96x24 2404+100x100', [allRequests()]: '0+100x125' },
    firesAt: '1h',
    clearsAt: '9h',
    labels: job,
    value: '4%',
  },
  BackendInstanceDown: {
    series: { [series('up')]: '1x4 0x5 1x10' },
    firesAt: '7m',
    clearsAt: '12m',
    labels: target,
  },
  BackendAbsent: {
    series: { [series('up')]: '_x10 1x10' },
    firesAt: '6m',
    clearsAt: '12m',
    labels: job,
  },
  BackendDatabaseUnavailable: {
    series: { [requests('200')]: '0+60x40', [requests('503')]: '0+6x10 60x30' },
    firesAt: '6m',
    clearsAt: '20m',
    labels: target,
    value: '9.091%',
  },
  BackendPoolExhausted: {
    series: { [series('database_connection_pool', { status: 'waiting' })]: '0x3 5x5 0x10' },
    firesAt: '7m',
    clearsAt: '12m',
    labels: { ...target, status: 'waiting' },
    value: '5',
  },
  BackendPoolOverflowing: {
    series: {
      [series('database_connection_pool', { status: 'size' })]: '10x60',
      [series('database_connection_pool', { status: 'checked_out' })]: '12x20 4x30',
    },
    firesAt: '16m',
    clearsAt: '25m',
    labels: target,
    value: '12',
  },
  BackendQueriesSlow: {
    series: {
      [series('database_query_duration_seconds_sum', { operation: 'SELECT', table: 'products' })]:
        '0+30x20 600.6+0.6x30',
      [series('database_query_duration_seconds_count', { operation: 'SELECT', table: 'products' })]: '0+60x51',
    },
    firesAt: '13m',
    clearsAt: '30m',
    labels: { ...job, operation: 'SELECT' },
    value: '500ms',
  },
  BackendEventLoopLagging: {
    series: { [series('nodejs_eventloop_lag_p99_seconds')]: '0.5x10 0.01x20' },
    firesAt: '6m',
    clearsAt: '15m',
    labels: target,
    value: '500ms',
  },
  BackendMemoryGrowing: {
    interval: '5m',
    series: {
      [series('process_start_time_seconds')]: '0x180',
      [series('process_resident_memory_bytes')]: '100000000+2500000x96 340000000x84',
    },
    // Between two samples: at one, Prometheus 2 still counts that of six hours ago, and Prometheus 3 does not.
    firesAt: '7h2m',
    clearsAt: '13h2m',
    labels: target,
    value: '81.36%',
  },
  BackendRestarting: {
    series: { [series('process_start_time_seconds')]: '0x2 180x2 360x2 540x30' },
    firesAt: '10m',
    clearsAt: '30m',
    labels: target,
    value: '3',
  },
  BackendUntraced: {
    series: { [series('tracing_processes', { state: 'foreign' })]: '1x10 0x20' },
    firesAt: '6m',
    clearsAt: '15m',
    labels: { ...target, state: 'foreign' },
    value: '1',
  },
  BackendSpansDropped: {
    series: { [series('spans_dropped_total')]: '0+5x30 150x40', [series('spans_exported_total')]: '0+95x70' },
    firesAt: '12m',
    clearsAt: '50m',
    labels: target,
    value: '5%',
  },
  BackendLogLinesDropped: {
    series: { [series('log_lines_dropped_total')]: '0x5 10+10x4 50x30' },
    firesAt: '11m',
    clearsAt: '30m',
    labels: target,
  },
};

function series<N extends SampleName>(name: N, labels?: Matchers<SampleLabels[N]>): string {
  return select(name, { instance, ...labels } as Matchers<LabelsOf<N>>).promql;
}

function requests(status: string): string {
  return series('http_requests_total', { method: 'GET', path: '/products', status });
}

function fastRequests(): string {
  return series('http_request_duration_seconds_bucket', {
    method: 'GET',
    path: '/products',
    status: '200',
    le: '0.25',
  });
}

function allRequests(): string {
  return series('http_request_duration_seconds_count', { method: 'GET', path: '/products', status: '200' });
}
