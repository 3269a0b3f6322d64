export { stories } from './stories.js';
export { drawTree } from './tree.js';
export { verifyTelemetry } from './verify.js';
