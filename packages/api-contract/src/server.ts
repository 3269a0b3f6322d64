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
export { PAGE_SIZE_MAX, REFUSED } from './fields.js';
export type { HealthPort } from './health/port.js';
export { errorSchemas, type ResponseSchemaName, requestSchemas, responseSchemas } from './named-schemas.js';
export { streamOnly, toErrorShape } from './procedure.js';
export type { ProcedureMeta, RestContent, RestPath, RestRoute } from './procedure-meta.js';
export { type Position, writeCursor } from './products/cursor.js';
export type { ProductQuery, ProductsPort } from './products/port.js';
export type { NewProduct, Product, ProductChanges, ProductList } from './products/schemas.js';
export { createAppRouter, type Ports } from './router.js';
export { tags } from './tags.js';
export { setVersion, type Untouched, versionOf } from './version.js';
