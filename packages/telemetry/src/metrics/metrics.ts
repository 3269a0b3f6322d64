import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import {
  metrics as contract,
  exemplarHistogram,
  type LabelsOf,
  type Metric,
  type MetricName,
  type MetricsOf,
  type PoolStatus,
} from '../contract/metrics.js';
import { type TracingStatus, tracingStatuses } from '../traces/state.js';
import { Exemplars } from './exemplars.js';
import type { MetricsSnapshot } from './snapshot.js';

interface RequestMeasurement {
  readonly method: string;
  /** The route's template, so that the number of series is bounded. */
  readonly path: string;
  readonly status: number;
  readonly durationSeconds: number;
  /** The exemplar of its bucket; undefined for a trace that is not exported. */
  readonly traceId: string | undefined;
}

interface QueryMeasurement {
  readonly operation: string;
  readonly table: string;
  readonly durationSeconds: number;
}

/** Measurements are counted by so many: between the other work of a request, counting one costs several times as much. */
const COUNTED_AT_ONCE = 64;

export interface Metrics {
  requestStarted(): void;
  requestEnded(measurement: RequestMeasurement): void;
  queryEnded(measurement: QueryMeasurement): void;
  /** All metrics at this moment. */
  snapshot(): Promise<MetricsSnapshot>;
}

/** Sources that are read at the moment of a scrape. */
export interface MetricsSources {
  readonly pool: () => Readonly<Record<PoolStatus, number>>;
  readonly spans: () => { readonly exported: number; readonly dropped: number };
  readonly logRecords: () => { readonly exported: number; readonly dropped: number };
  readonly droppedLogLines: () => number;
  /** What the process runs, and how it is traced; they do not change. */
  readonly build: Readonly<Record<'version' | 'revision' | 'node', string>>;
  readonly tracing: TracingStatus;
}

/** The service's metrics in a registry of their own, made from their contract. */
export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const describe = <N extends MetricName>(name: N) => {
    const { help, labels = [] }: Metric = contract[name];
    return { name, help, labelNames: labels as readonly LabelsOf<N>[], registers: [registry] };
  };

  const requests = new Counter(describe('http_requests_total'));
  const requestDuration = new Histogram({
    ...describe('http_request_duration_seconds'),
    buckets: [...contract.http_request_duration_seconds.buckets],
  });
  const requestExemplars = new Exemplars(exemplarHistogram.buckets);
  let inFlight = 0;
  new Gauge({
    ...describe('http_requests_in_flight'),
    collect() {
      this.set(inFlight);
    },
  });
  const queries = new Counter(describe('database_queries_total'));
  const queryDuration = new Histogram({
    ...describe('database_query_duration_seconds'),
    buckets: [...contract.database_query_duration_seconds.buckets],
  });
  new Gauge({
    ...describe('database_connection_pool'),
    collect() {
      for (const [status, count] of Object.entries(sources.pool())) this.set({ status }, count);
    },
  });
  new Gauge(describe('products_build_info')).set(sources.build, 1);
  const tracing = new Gauge(describe('tracing_processes'));
  for (const state of tracingStatuses) tracing.set({ state }, state === sources.tracing ? 1 : 0);
  const countElsewhere = (name: MetricsOf<'counter'>, read: () => number) =>
    new Counter({
      ...describe(name),
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  countElsewhere('spans_exported_total', () => sources.spans().exported);
  countElsewhere('spans_dropped_total', () => sources.spans().dropped);
  countElsewhere('log_records_exported_total', () => sources.logRecords().exported);
  countElsewhere('log_records_dropped_total', () => sources.logRecords().dropped);
  countElsewhere('log_lines_dropped_total', sources.droppedLogLines);

  const pendingRequests: (RequestMeasurement & { readonly timestampSeconds: number })[] = [];
  const pendingQueries: QueryMeasurement[] = [];
  const countPending = () => {
    for (const { method, path, status, durationSeconds, traceId, timestampSeconds } of pendingRequests.splice(0)) {
      const labels = { method, path, status };
      requests.inc(labels);
      requestDuration.observe(labels, durationSeconds);
      if (traceId === undefined) continue;
      requestExemplars.record([method, path, status], { traceId, value: durationSeconds, timestampSeconds });
    }
    for (const { operation, table, durationSeconds } of pendingQueries.splice(0)) {
      queries.inc({ operation, table });
      queryDuration.observe({ operation, table }, durationSeconds);
    }
  };
  return {
    requestStarted: () => {
      inFlight += 1;
    },
    requestEnded: (measurement) => {
      inFlight -= 1;
      pendingRequests.push({ ...measurement, timestampSeconds: Date.now() / 1_000 });
      if (pendingRequests.length >= COUNTED_AT_ONCE) countPending();
    },
    queryEnded: (measurement) => {
      pendingQueries.push(measurement);
      if (pendingQueries.length >= COUNTED_AT_ONCE) countPending();
    },
    snapshot: async () => {
      countPending();
      return { families: await registry.getMetricsAsJSON(), exemplars: requestExemplars.list() };
    },
  };
}
