// The entry of the service, which implements the ports.
export type { Caller } from './caller.js';
export { describeValue } from './describe-value.js';
export type { DiagnosticsPort } from './diagnostics/port.js';
export {
  ApiError,
  type ErrorCode,
  type ErrorTrace,
  errorCatalogue,
  invalidInput,
  malformedJson,
  toApiError,
  toErrorBody,
} from './errors.js';
export type { HealthPort } from './health/port.js';
export { errorSchemas, type ResponseSchemaName, requestSchemas, responseSchemas } from './named-schemas.js';
export { toErrorShape } from './procedure.js';
export type { ProcedureMeta, RestContent, RestPath, RestRoute } from './procedure-meta.js';
export { type Position, writeCursor } from './products/cursor.js';
export type { ProductQuery, ProductsPort, Untouched } from './products/port.js';
export {
  type NewProduct,
  PAGE_SIZE_MAX,
  type Product,
  type ProductChanges,
  type ProductList,
  REFUSED,
} from './products/schemas.js';
export { createAppRouter, type Ports } from './router.js';
export { setVersion, versionOf } from './version.js';
