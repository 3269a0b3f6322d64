// The entry of clients: types only, nothing to run.

export type { SlowResult } from './diagnostics/schemas.js';
export type { ErrorBody, ErrorCode, Issue } from './errors.js';
export type { Health } from './health/schemas.js';
export type { ErrorData } from './procedure.js';
export type { ProductSort } from './products/cursor.js';
export type {
  NewProduct,
  Product,
  ProductChanges,
  ProductCursor,
  ProductFilter,
  ProductId,
  ProductList,
  ProductPage,
  ProductRemoval,
  ProductUpdate,
} from './products/schemas.js';
export type { AppRouter } from './router.js';
