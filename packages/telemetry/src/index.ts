export { findSamplerProblem, telemetryEnvironment } from './environment.js';
export { createLogger, type LogDestination, type LogFields, type Logger, type LogLevel, logLevels } from './logger.js';
export { createMetrics, type Metrics, type PoolReading } from './metrics/metrics.js';
export { currentSampledTraceId, currentTrace, currentTraceResponse, type TraceIds } from './traces/current.js';
export { STATUS_CLIENT_CLOSED_REQUEST } from './traces/server-span.js';
export {
  nameRequestSpan,
  type QueryDescription,
  recordRequestError,
  withQuerySpan,
  withSpan,
} from './traces/spans.js';
export { tracingState } from './traces/state.js';
