import type { AppRouter } from '@products/api-contract';
import { createAppRouter } from '@products/api-contract/server';
import { type ConnectionConfig, createDatabase } from '@products/db';
import { createMetrics, currentTrace, type Logger, type Metrics, tracingState } from '@products/telemetry';
import type { Config } from './config.js';
import { Lifecycle } from './lifecycle.js';
import { createError } from './services/diagnostics/error.js';
import { createSlow } from './services/diagnostics/slow.js';
import { createCheckHealth } from './services/health/check.js';
import { createCreateProduct } from './services/products/create.js';
import { createFindProduct } from './services/products/find.js';
import { createListProducts } from './services/products/list.js';
import { createRunQuery } from './services/run-query.js';

/** What the HTTP side is built from. */
export interface Dependencies {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** For the probe of readiness: untraced, unlogged, never rejects. */
  isDatabaseReachable(): Promise<boolean>;
  /** Closes every connection to the database. */
  closeDatabase(): Promise<void>;
  readonly router: AppRouter;
  readonly lifecycle: Lifecycle;
}

/** Wires the services to their database and telemetry, and the router to the services. */
export function createDependencies(config: Config, connection: ConnectionConfig, logger: Logger): Dependencies {
  const database = createDatabase(connection, config.pool);
  const metrics = createMetrics({
    pool: database.stats,
    spans: () => tracingState.spans,
    droppedLogLines: () => logger.droppedLines,
  });
  const runQuery = createRunQuery(metrics);
  const router = createAppRouter({
    products: {
      list: createListProducts(database, runQuery, logger),
      find: createFindProduct(database, runQuery, logger),
      create: createCreateProduct(database, runQuery, logger),
    },
    diagnostics: {
      slow: createSlow(config.slowDelayMs, logger),
      error: createError(logger),
    },
    health: { check: createCheckHealth(database, runQuery, logger) },
    currentTraceId: () => currentTrace()?.trace_id ?? null,
  });
  const isDatabaseReachable = () =>
    database.check().then(
      () => true,
      () => false,
    );
  const closeDatabase = () => database.close();
  return { config, logger, metrics, isDatabaseReachable, closeDatabase, router, lifecycle: new Lifecycle() };
}
