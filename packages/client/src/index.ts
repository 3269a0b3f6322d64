export { createProductsClient, type ProductsClient, type ProductsClientOptions } from './client.js';
export { createdAtOf } from './created-at.js';
export { traceIdOf, traceUrlOf } from './errors.js';
export type { Call } from './trace-calls.js';
