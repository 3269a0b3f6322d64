import type { DiagnosticsPort } from './diagnostics/port.js';
import { createDiagnosticsRouter } from './diagnostics/router.js';
import type { HealthPort } from './health/port.js';
import { createHealthRouter } from './health/router.js';
import { createProcedures, type InProcedureSpan } from './procedure.js';
import type { ProductsPort } from './products/port.js';
import { createProductsRouter } from './products/router.js';

/** Everything that the contract needs and does not do itself; the service implements it. */
interface Ports {
  readonly products: ProductsPort;
  readonly diagnostics: DiagnosticsPort;
  readonly health: HealthPort;
  /** 32 hex digits, or null when nothing is traced. */
  currentTraceId(): string | null;
  /** Where several procedures run in one request. */
  inProcedureSpan?: InProcedureSpan;
}

/** The one router behind both doors. */
export function createAppRouter(ports: Ports) {
  const procedures = createProcedures(ports.currentTraceId, ports.inProcedureSpan);
  return procedures.router({
    products: createProductsRouter(procedures, ports.products),
    diagnostics: createDiagnosticsRouter(procedures, ports.diagnostics),
    health: createHealthRouter(procedures, ports.health),
  });
}

export type AppRouter = ReturnType<typeof createAppRouter>;
