export { type LogLevel, logLevels } from './contract/logs.js';
export { monitoringPaths, querySpans } from './contract/spans.js';
export { findSamplerProblem, telemetryEnvironment } from './environment.js';
export { createLogger, type LogDestination, type Logger } from './logger.js';
export { exposeMetrics } from './metrics/exposition.js';
export { createMetrics, type Metrics } from './metrics/metrics.js';
export { type MetricsSnapshot, mergeSnapshots, retainCounts } from './metrics/snapshot.js';
export { currentSampledTraceId, currentTrace, currentTraceResponse, type TraceIds } from './traces/current.js';
export { hasRequestSpans } from './traces/self-check.js';
export { splitTarget, statusOf } from './traces/server-span.js';
export {
  nameRequestSpan,
  type QueryDescription,
  recordError,
  recordException,
  withoutSpan,
  withQuerySpan,
  withSpan,
} from './traces/spans.js';
export { tracingState } from './traces/state.js';
