import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { Exemplars } from './exemplars.js';
import { type FindExemplar, OPENMETRICS_CONTENT_TYPE, prefersOpenMetrics, renderOpenMetrics } from './openmetrics.js';

const DURATION_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The pool at the moment of a scrape. */
export interface PoolReading {
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
  /** What `/metrics` answers to this Accept header: OpenMetrics, with exemplars, where that is asked for. */
  expose(accept: string): Promise<{ contentType: string; body: string }>;
}

/** What the metrics only read, at the moment of a scrape. */
export interface MetricsSources {
  readonly pool: () => PoolReading;
  readonly spans: () => { readonly exported: number; readonly dropped: number };
  readonly droppedLogLines: () => number;
}

/** The service's metrics in a registry of their own. */
export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const requests = new Counter({
    name: 'http_requests_total',
    help: 'HTTP requests answered',
    labelNames: ['method', 'path', 'status'],
    registers,
  });
  const requestDuration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the arrival of an HTTP request to the end of its response',
    labelNames: ['method', 'path', 'status'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers,
  });
  const requestExemplars = new Exemplars(DURATION_BUCKETS_SECONDS);
  const findExemplar: FindExemplar = (family, { method, path, status, le = '' }) =>
    family === 'http_request_duration_seconds' ? requestExemplars.find([method, path, status], le) : undefined;
  const requestsInFlight = new Gauge({
    name: 'http_requests_in_flight',
    help: 'HTTP requests that are being answered',
    registers,
  });
  const queries = new Counter({
    name: 'database_queries_total',
    help: 'SQL statements run',
    labelNames: ['operation', 'table'],
    registers,
  });
  const queryDuration = new Histogram({
    name: 'database_query_duration_seconds',
    help: 'Time of a SQL statement, the wait for a connection included',
    labelNames: ['operation', 'table'],
    buckets: DURATION_BUCKETS_SECONDS,
    registers,
  });
  new Gauge({
    name: 'database_connection_pool',
    help: 'Connections of the pool: its configured size, those in use, those idle, and requests waiting for one',
    labelNames: ['status'],
    registers,
    collect() {
      const pool = sources.pool();
      this.set({ status: 'size' }, pool.size);
      this.set({ status: 'checked_out' }, pool.checkedOut);
      this.set({ status: 'idle' }, pool.idle);
      this.set({ status: 'waiting' }, pool.waiting);
    },
  });

  const counterOf = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  counterOf('spans_exported_total', 'Spans sent to the tracing backend', () => sources.spans().exported);
  counterOf('spans_dropped_total', 'Spans that the tracing backend did not take', () => sources.spans().dropped);
  counterOf('log_lines_dropped_total', 'Log lines that the reader of stdout did not take', sources.droppedLogLines);

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
    expose: async (accept) => {
      if (!prefersOpenMetrics(accept)) return { contentType: registry.contentType, body: await registry.metrics() };
      const body = renderOpenMetrics(await registry.getMetricsAsJSON(), findExemplar);
      return { contentType: OPENMETRICS_CONTENT_TYPE, body };
    },
  };
}
