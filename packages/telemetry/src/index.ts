export { type LogLevel, logLevels } from './contract/logs.js';
export { countedMethods } from './contract/metrics.js';
export { monitoringPaths, querySpans } from './contract/spans.js';
export { telemetryEnvironment } from './environment.js';
export { createLogger, type Logger } from './logger.js';
export { prefersOpenMetrics, renderMetrics } from './metrics/exposition.js';
export { createMetrics, type Metrics } from './metrics/metrics.js';
export { type MetricsSnapshot, mergeSnapshots, retainCounts } from './metrics/snapshot.js';
export type { LineExport } from './otlp/line-export.js';
export { logRecordCounts } from './otlp/log-record-counts.js';
export type { MetricsExport } from './otlp/metrics-export.js';
export type { SignalSettings } from './otlp/settings.js';
export { startLineExport, startMetricsExport } from './otlp/start.js';
export { readTracing, type UnusedVariable } from './settings.js';
export { currentTrace, type TraceIds } from './traces/current.js';
export { type RequestSpan, startRequestSpan, startUntracedRequest } from './traces/request-span.js';
export {
  identify,
  type QueryDescription,
  recordError,
  recordException,
  withQuerySpan,
  withSpan,
} from './traces/spans.js';
export { tracingState } from './traces/state.js';
export { version } from './version.js';
