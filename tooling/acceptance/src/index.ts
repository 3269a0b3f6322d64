export { Client } from './client.js';
export { corpus, expectations } from './corpus.js';
export { drawTree } from './verify-telemetry/tree.js';
export { verifyTelemetry } from './verify-telemetry/verify.js';
