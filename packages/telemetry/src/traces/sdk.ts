import { getNodeAutoInstrumentations } from '@opentelemetry/auto-instrumentations-node';
import { NodeSDK, resources } from '@opentelemetry/sdk-node';
import { BatchProcessor } from './batch-processor.js';
import { createSender, type ExportSettings } from './exporter.js';
import { createPropagator } from './propagator.js';
import { createSampler, type SamplerSettings } from './sampler.js';
import { describeRequest, describeResponse } from './server-span.js';
import { tracingState } from './state.js';

/** Starts the SDK for this process. Returns what exports the spans still in memory and stops it. */
export function startTracing(settings: ExportSettings & SamplerSettings & { JAEGER_SERVICE_NAME: string }) {
  const sdk = new NodeSDK({
    serviceName: settings.JAEGER_SERVICE_NAME,
    sampler: createSampler(settings),
    spanProcessors: [
      new BatchProcessor({ sender: createSender(settings), counts: tracingState.spans, warn: reportLoss }),
    ],
    textMapPropagator: createPropagator(),
    // The default detectors export the command line.
    resourceDetectors: [resources.envDetector],
    // Metrics and logs have their own way out: without these, the SDK would send them over OTLP.
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [httpInstrumentation()],
  });
  sdk.start();
  return () => sdk.shutdown();
}

/** The preload has no logger; the service gives one later. */
function reportLoss(problem: string): void {
  tracingState.onLoss?.(problem);
}

/** Server spans come from here; spans of SQL statements are made where the statements are run. */
function httpInstrumentation() {
  // biome-ignore lint/style/noProcessEnv: the only way to name the few that are wanted instead of the many that are not.
  process.env['OTEL_NODE_ENABLED_INSTRUMENTATIONS'] ??= 'http';
  return getNodeAutoInstrumentations({
    '@opentelemetry/instrumentation-http': {
      disableOutgoingRequestInstrumentation: true,
      requestHook: describeRequest,
      applyCustomAttributesOnSpan: describeResponse,
    },
  });
}
