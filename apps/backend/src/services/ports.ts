import type { Ports } from '@products/api-contract/server';
import type { Database } from '@products/db';
import { currentTrace, type Logger, type Metrics } from '@products/telemetry';
import { createDiagnostics } from './diagnostics.js';
import { createHealth } from './health.js';
import { createProducts } from './products/products.js';
import { createRunQuery } from './run-query.js';

export interface PortsOptions {
  readonly database: Database;
  readonly replica: Database | undefined;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly slowDelayMs: number;
  readonly slowMax: number;
}

/** Implements the ports of the contract. */
export function createPorts({ database, replica, metrics, logger, slowDelayMs, slowMax }: PortsOptions): Ports {
  const runQuery = createRunQuery(metrics);
  return {
    products: createProducts({ database, replica, runQuery, logger }),
    diagnostics: createDiagnostics(slowDelayMs, slowMax, logger),
    health: createHealth(database, runQuery, logger),
    currentTraceId: () => currentTrace()?.trace_id ?? null,
  };
}
