export { alone, createProductsClient, type ProductsClient, type ProductsClientOptions } from './client.js';
export { createdAtOf } from './created-at.js';
export { traceIdOf, traceUrlOf } from './errors.js';
export { etagOf } from './etags.js';
export type { Call } from './trace-calls.js';
