import type { AppRouter } from '@products/api-contract';
import { createAppRouter, type InProcedureSpan, toApiError } from '@products/api-contract/server';
import { type ConnectionConfig, createDatabase, type Database, type PoolStats } from '@products/db';
import {
  createMetrics,
  currentTrace,
  type Logger,
  type Metrics,
  type MetricsSnapshot,
  tracingState,
  withSpan,
} from '@products/telemetry';
import type { Config } from './config.js';
import { recordFailure } from './http/error-response.js';
import { Lifecycle } from './lifecycle.js';
import { createError } from './services/diagnostics/error.js';
import { createSlow } from './services/diagnostics/slow.js';
import { createCheckHealth } from './services/health/check.js';
import { createAllProducts } from './services/products/all.js';
import { createCreateProduct } from './services/products/create.js';
import { createFindProduct } from './services/products/find.js';
import { createListProducts } from './services/products/list.js';
import { type ProductReads, preferReplica } from './services/products/prefer-replica.js';
import { createReadPage } from './services/products/read-page.js';
import { createRunQuery, type RunQuery } from './services/run-query.js';

/** What the HTTP side is built from. */
export interface Dependencies {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** What `/metrics` shows: this process's metrics, or with several workers those of all. */
  collectMetrics(): Promise<MetricsSnapshot>;
  /** For the probe of readiness: untraced, unlogged, never rejects. */
  isDatabaseReachable(): Promise<boolean>;
  /** Whether the next request that needs a connection to a database is refused. */
  isQueueFull(): boolean;
  /** Closes every connection to the databases. */
  closeDatabase(): Promise<void>;
  readonly router: AppRouter;
  /** The same for batches: each of their procedures has a span of its own. */
  readonly batchRouter: AppRouter;
  readonly lifecycle: Lifecycle;
}

/** Wires the services to their database and telemetry, and the router to the services. */
export function createDependencies(
  config: Config,
  connection: ConnectionConfig,
  logger: Logger,
  collectMetrics?: () => Promise<MetricsSnapshot>,
): Dependencies {
  const database = createDatabase(connection, config.pool);
  const replica = config.replica && createDatabase(config.replica, config.pool);
  const databases = replica === undefined ? [database] : [database, replica];
  const metrics = createMetrics({
    pool: () => addUp(databases.map(({ stats }) => stats())),
    spans: () => tracingState.spans,
    droppedLogLines: () => logger.droppedLines,
  });
  const runQuery = createRunQuery(metrics, connection.server);
  const readsOn = (source: Database, run: RunQuery): ProductReads => ({
    readPage: createReadPage(source, run),
    find: createFindProduct(source, run, logger),
  });
  const onPrimary = readsOn(database, runQuery);
  const reads =
    replica === undefined || config.replica === undefined
      ? onPrimary
      : preferReplica(
          replica,
          { onReplica: readsOn(replica, createRunQuery(metrics, config.replica.server)), onPrimary },
          logger,
        );
  const ports: Parameters<typeof createAppRouter>[0] = {
    products: {
      list: createListProducts(reads.readPage, logger),
      all: createAllProducts(reads.readPage, logger),
      find: reads.find,
      create: createCreateProduct(database, runQuery, logger),
    },
    diagnostics: {
      slow: createSlow(config.slowDelayMs, logger),
      error: createError(logger),
    },
    health: { check: createCheckHealth(database, runQuery, logger) },
    currentTraceId: () => currentTrace()?.trace_id ?? null,
  };
  const isDatabaseReachable = () =>
    database.check().then(
      () => true,
      () => false,
    );
  const closeDatabase = async () => {
    await Promise.all(databases.map(({ close }) => close()));
  };
  return {
    config,
    logger,
    metrics,
    collectMetrics: collectMetrics ?? metrics.snapshot,
    isDatabaseReachable,
    isQueueFull: () => databases.every(({ isQueueFull }) => isQueueFull()),
    closeDatabase,
    router: createAppRouter(ports),
    batchRouter: createAppRouter({ ...ports, inProcedureSpan }),
    lifecycle: new Lifecycle(),
  };
}

const inProcedureSpan: InProcedureSpan = (name, run) =>
  withSpan(name, async () => {
    const outcome = await run();
    if (!outcome.ok) recordFailure(toApiError(outcome.error));
    return outcome;
  });

/** One gauge tells of all connections of the process, whichever database they lead to. */
function addUp(pools: readonly PoolStats[]): PoolStats {
  return pools.reduce((sum, pool) => ({
    size: sum.size + pool.size,
    checkedOut: sum.checkedOut + pool.checkedOut,
    idle: sum.idle + pool.idle,
    waiting: sum.waiting + pool.waiting,
  }));
}
