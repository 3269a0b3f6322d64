import type { ErrorTrace, Ports } from '@products/api-contract/server';
import type { Database } from '@products/db';
import type { Logger, Metrics } from '@products/telemetry';
import { createDiagnostics } from './diagnostics.js';
import { createHealth } from './health.js';
import { createProducts } from './products/products.js';
import { createRunQuery } from './run-query.js';

export interface PortsOptions {
  readonly database: Database;
  readonly replica: Database | undefined;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Undefined: no diagnostics. */
  readonly diagnostics: { readonly slowDelayMs: number; readonly slowMax: number } | undefined;
  readonly describeTrace: () => ErrorTrace;
}

/** Implements the ports of the contract. */
export function createPorts(options: PortsOptions): Ports {
  const { database, replica, metrics, logger, diagnostics, describeTrace } = options;
  const runQuery = createRunQuery(metrics);
  return {
    products: createProducts({ database, replica, runQuery, logger }),
    diagnostics: diagnostics && createDiagnostics(diagnostics.slowDelayMs, diagnostics.slowMax, logger),
    health: createHealth(database, runQuery, logger),
    describeTrace,
  };
}
