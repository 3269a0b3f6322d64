// The door for the service that implements the ports.
export type { DiagnosticsPort } from './diagnostics/port.js';
export { ApiError, type ErrorCode, errorBodySchema, errorCatalogue, toApiError, toErrorBody } from './errors.js';
export type { HealthPort } from './health/port.js';
export type { InProcedureSpan } from './procedure.js';
export type { ProductsPort } from './products/port.js';
export { ID_MAX, ID_MIN, PAGE_SIZE_MAX } from './products/schemas.js';
export { type ResponseSchemaName, responseSchemas } from './response-schemas.js';
export type { RestMeta, RestPath, RestRoute } from './rest-meta.js';
export { createAppRouter } from './router.js';
