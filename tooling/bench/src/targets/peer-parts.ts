// What both peers have in common: lines, metrics and the pool, set up as their documentation says.
import pg from 'pg';
import { pino } from 'pino';
import { Counter, collectDefaultMetrics, Gauge, Histogram } from 'prom-client';

// biome-ignore lint/style/noProcessEnv: started by the bench, which configures it so.
const { DATABASE_URL } = process.env;

export const logger = pino({ base: { service: 'backend' }, messageKey: 'message' });
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
collectDefaultMetrics();
const requestLabels = ['method', 'path', 'status'] as const;
const queryLabels = ['operation', 'table'] as const;
const requests = new Counter({ name: 'http_requests_total', help: 'requests', labelNames: requestLabels });
const requestDuration = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'duration',
  labelNames: requestLabels,
});
const queries = new Counter({ name: 'database_queries_total', help: 'queries', labelNames: queryLabels });
const queryDuration = new Histogram({
  name: 'database_query_duration_seconds',
  help: 'duration',
  labelNames: queryLabels,
});
new Gauge({
  name: 'database_connection_pool',
  help: 'pool',
  labelNames: ['status'],
  collect() {
    this.set({ status: 'size' }, pool.totalCount);
  },
});

export async function query(operation: 'SELECT' | 'INSERT', config: pg.QueryConfig): Promise<unknown[]> {
  const labels = { operation, table: 'products' };
  const end = queryDuration.startTimer(labels);
  const { rows } = await pool.query(config);
  end();
  queries.inc(labels);
  return rows;
}

export interface Ended {
  readonly method: string;
  readonly url: string;
  /** Template of the route. */
  readonly path: string;
  readonly status: number;
  readonly elapsedMs: number;
}

/** Counts a request that has ended, and logs it. */
export function requestEnded({ method, url, path, status, elapsedMs }: Ended): void {
  requests.inc({ method, path, status });
  requestDuration.observe({ method, path, status }, elapsedMs / 1_000);
  logger.info({ method, path: url, status, duration_ms: elapsedMs }, `Requête complétée: ${method} ${url}`);
}

export const COLUMNS = 'id, name, price, category, created_at';
