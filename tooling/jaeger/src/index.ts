export { type JaegerAgent, startJaegerAgent } from './agent.js';
export { type JaegerCollector, startJaegerCollector } from './collector.js';
export { decodeMessage, type JaegerSpan } from './decode.js';
