import type { DiagnosticsPort } from './diagnostics/port.js';
import { createDiagnosticsRouter } from './diagnostics/router.js';
import type { ErrorTrace } from './errors.js';
import type { HealthPort } from './health/port.js';
import { createHealthRouter } from './health/router.js';
import { createProcedures, type InProcedureSpan } from './procedure.js';
import type { ProductsPort } from './products/port.js';
import { createProductsRouter } from './products/router.js';

/** The work behind the procedures: declared here, implemented by the service. */
export interface Ports {
  readonly products: ProductsPort;
  /** Undefined: the procedures are not there. */
  readonly diagnostics: DiagnosticsPort | undefined;
  readonly health: HealthPort;
  /** The trace of the request that is being answered. */
  describeTrace(): ErrorTrace;
}

/**
 * The one router behind both transports.
 *
 * @param inProcedureSpan runs each procedure of a batch
 */
export function createAppRouter(ports: Ports, inProcedureSpan?: InProcedureSpan) {
  const procedures = createProcedures(ports.describeTrace, inProcedureSpan);
  const routers = {
    products: createProductsRouter(procedures, ports.products),
    health: createHealthRouter(procedures, ports.health),
  };
  const createFull = (diagnostics: DiagnosticsPort) =>
    procedures.router({ ...routers, diagnostics: createDiagnosticsRouter(procedures, diagnostics) });
  if (ports.diagnostics !== undefined) return createFull(ports.diagnostics);
  // Clients are compiled against all procedures; those that are not there are not found.
  return procedures.router(routers) as unknown as ReturnType<typeof createFull>;
}

export type AppRouter = ReturnType<typeof createAppRouter>;
