import type { HrTime } from '@opentelemetry/api';
import { type IExportMetricsServiceResponse, MetricsExporterMetricsHelper } from '@opentelemetry/otlp-transformer';
import { core, metrics } from '@opentelemetry/sdk-node';
import { withDeadline } from '../deadline.js';
import type { MetricsSnapshot } from '../metrics/snapshot.js';
import { createResource, type ResourceSettings } from '../resource.js';
import { version } from '../version.js';
import { toMetricData } from './metric-data.js';
import { metricsSerializer } from './metrics-serializer.js';
import { createOtlpExport } from './otlp-export.js';
import { rarely } from './rarely.js';
import type { MetricsExportSettings } from './settings.js';

const SHUTDOWN_TIMEOUT_MS = 1_500;

/** Sends the metrics of the service over OTLP as well. */
export interface MetricsExport {
  /** Sends the metrics a last time, and stops. */
  shutdown(): Promise<void>;
}

/** @param collect the metrics that `/metrics` shows */
export function createMetricsExport(
  settings: MetricsExportSettings,
  resource: ResourceSettings,
  collect: () => Promise<MetricsSnapshot>,
  warn: (problem: string) => void,
): MetricsExport {
  const warnRarely = rarely(warn);
  const ownResource = createResource(resource);
  const startTime = core.millisToHrTime(performance.timeOrigin);
  const producer: metrics.MetricProducer = {
    collect: async () => {
      const scopeMetrics: metrics.ScopeMetrics[] = [];
      try {
        const data = toMetricData(await collect(), { startTime, endTime: now() });
        scopeMetrics.push({ scope: { name: '@products/telemetry', version }, metrics: data });
      } catch (error) {
        warnRarely(String(error));
      }
      return { resourceMetrics: { resource: ownResource, scopeMetrics }, errors: [] };
    },
  };
  const provider = new metrics.MeterProvider({
    resource: ownResource,
    readers: [
      new metrics.PeriodicExportingMetricReader({
        exporter: createExporter(settings, warnRarely),
        exportIntervalMillis: settings.intervalMs,
        exportTimeoutMillis: settings.timeoutMs,
        metricProducers: [producer],
      }),
    ],
  });
  return { shutdown: () => withDeadline(provider.shutdown(), SHUTDOWN_TIMEOUT_MS, undefined) };
}

function now(): HrTime {
  return core.millisToHrTime(Date.now());
}

function createExporter(
  { url, timeoutMs }: MetricsExportSettings,
  warn: (problem: string) => void,
): metrics.PushMetricExporter {
  const { send, close } = createOtlpExport<metrics.ResourceMetrics, IExportMetricsServiceResponse>(
    {
      refused: 'points refusés',
      paths: '/v1/metrics pour OTLP',
      notTaken: 'ce chemin ne prend pas de métriques',
      tooLarge: '',
      variables: 'METRICS',
      componentType: 'otlp_http_metric_exporter',
      serializer: metricsSerializer,
      metricsHelper: MetricsExporterMetricsHelper,
      readRejection: ({ partialSuccess }) => [partialSuccess?.rejectedDataPoints, partialSuccess?.errorMessage],
    },
    { url, timeoutMs },
  );
  return {
    export: async (resourceMetrics, done) => {
      const { problem } = await send(resourceMetrics, 1);
      if (problem !== undefined) warn(problem);
      done(problem === undefined ? { code: 0 } : { code: 1, error: new Error(problem) });
    },
    selectAggregationTemporality: () => metrics.AggregationTemporality.CUMULATIVE,
    forceFlush: async () => {},
    shutdown: close,
  };
}
