export { type JaegerAgent, startJaegerAgent } from './agent.js';
export { decodeMessage, type JaegerSpan } from './decoder.js';
