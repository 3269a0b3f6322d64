export {
  commonLogFields,
  errorFields,
  type LogEvent,
  type LogEventName,
  type LogField,
  type LogLevel,
  logEvents,
  logFields,
} from './logs.js';
export { matchLine } from './match-line.js';
export { labelValues, type Metric, metrics, nodeMetrics, poolStatuses } from './metrics.js';
export { monitoringPaths, querySpans, resourceAttributes, spanAttributes, spans } from './spans.js';
