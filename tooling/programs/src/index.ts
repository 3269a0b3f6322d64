export { buildAmtool } from './alertmanager.js';
export { buildGo } from './go.js';
export { buildHelm } from './helm.js';
export { type Jaeger, type StoredSpan, type StoredTrace, startJaeger } from './jaeger.js';
export { buildPrometheus } from './prometheus.js';
export { installPython } from './python.js';
export { run } from './run.js';
