import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import {
  metrics as contract,
  type LabelsOf,
  type Metric,
  type MetricName,
  type MetricsOf,
} from '../contract/metrics.js';
import { Exemplars } from './exemplars.js';
import type { MetricsSnapshot } from './snapshot.js';

/** The pool at the moment of a scrape. */
interface PoolReading {
  readonly size: number;
  readonly checkedOut: number;
  readonly idle: number;
  readonly waiting: number;
}

interface RequestMeasurement {
  readonly method: string;
  /** The route's template, so that the number of series is bounded. */
  readonly path: string;
  readonly status: number;
  readonly durationSeconds: number;
  /** Of a trace that was sampled: an exemplar for its bucket. */
  readonly traceId: string | undefined;
}

export interface Metrics {
  requestStarted(): void;
  requestEnded(measurement: RequestMeasurement): void;
  queryEnded(query: { operation: string; table: string; durationSeconds: number }): void;
  /** All metrics at this moment. */
  snapshot(): Promise<MetricsSnapshot>;
}

/** What the metrics only read, at the moment of a scrape. */
export interface MetricsSources {
  readonly pool: () => PoolReading;
  readonly spans: () => { readonly exported: number; readonly dropped: number };
  readonly droppedLogLines: () => number;
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
  const requestExemplars = new Exemplars(contract.http_request_duration_seconds.buckets);
  const requestsInFlight = new Gauge(describe('http_requests_in_flight'));
  const queries = new Counter(describe('database_queries_total'));
  const queryDuration = new Histogram({
    ...describe('database_query_duration_seconds'),
    buckets: [...contract.database_query_duration_seconds.buckets],
  });
  new Gauge({
    ...describe('database_connection_pool'),
    collect() {
      const pool = sources.pool();
      this.set({ status: 'size' }, pool.size);
      this.set({ status: 'checked_out' }, pool.checkedOut);
      this.set({ status: 'idle' }, pool.idle);
      this.set({ status: 'waiting' }, pool.waiting);
    },
  });
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
  countElsewhere('log_lines_dropped_total', sources.droppedLogLines);

  return {
    requestStarted: () => requestsInFlight.inc(),
    requestEnded: ({ method, path, status, durationSeconds, traceId }) => {
      const labels = { method, path, status };
      requestsInFlight.dec();
      requests.inc(labels);
      requestDuration.observe(labels, durationSeconds);
      if (traceId === undefined) return;
      const exemplar = { traceId, value: durationSeconds, timestampSeconds: Date.now() / 1_000 };
      requestExemplars.record([method, path, status], exemplar);
    },
    queryEnded: ({ operation, table, durationSeconds }) => {
      queries.inc({ operation, table });
      queryDuration.observe({ operation, table }, durationSeconds);
    },
    snapshot: async () => ({ families: await registry.getMetricsAsJSON(), exemplars: requestExemplars.list() }),
  };
}
