import type { DiagnosticsPort } from './diagnostics/port.js';
import { createDiagnosticsRouter } from './diagnostics/router.js';
import type { HealthPort } from './health/port.js';
import { createHealthRouter } from './health/router.js';
import { createProcedures, type InProcedureSpan } from './procedure.js';
import type { ProductsPort } from './products/port.js';
import { createProductsRouter } from './products/router.js';

/** The work behind the procedures: declared here, implemented by the service. */
export interface Ports {
  readonly products: ProductsPort;
  readonly diagnostics: DiagnosticsPort;
  readonly health: HealthPort;
  /** 32 hex digits, or null when nothing is traced. */
  currentTraceId(): string | null;
}

/**
 * The one router behind both transports.
 *
 * @param inProcedureSpan runs each procedure of a batch
 */
export function createAppRouter(ports: Ports, inProcedureSpan?: InProcedureSpan) {
  const procedures = createProcedures(ports.currentTraceId, inProcedureSpan);
  return procedures.router({
    products: createProductsRouter(procedures, ports.products),
    diagnostics: createDiagnosticsRouter(procedures, ports.diagnostics),
    health: createHealthRouter(procedures, ports.health),
  });
}

export type AppRouter = ReturnType<typeof createAppRouter>;
