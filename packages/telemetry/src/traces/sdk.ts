import { DiagLogLevel, diag } from '@opentelemetry/api';
import { core, NodeSDK, resources } from '@opentelemetry/sdk-node';
import { BatchProcessor } from './batch-processor.js';
import { createSender, type ExportSettings } from './exporter.js';
import { createPropagator } from './propagator.js';
import { createSampler, type SamplerSettings } from './sampler.js';
import { tracingState } from './state.js';

// biome-ignore lint/style/noProcessEnv: some of OpenTelemetry's settings can only be read or changed here.
const environment = process.env;

/** Longest attribute value; a client chooses paths, queries and headers. */
const ATTRIBUTE_LENGTH_MAX = 4_096;

/** Starts the SDK for this process. Returns a function that exports the spans still in memory and stops it. */
export async function startTracing(settings: ExportSettings & SamplerSettings): Promise<() => Promise<void>> {
  const sdk = createSdk({
    serviceName: settings.JAEGER_SERVICE_NAME,
    sampler: createSampler(settings, report('sampling_strategy_unavailable')),
    spanProcessors: [
      new BatchProcessor({
        sender: await createSender(settings),
        counts: tracingState.spans,
        warn: report('spans_dropped'),
      }),
    ],
    textMapPropagator: createPropagator(),
    spanLimits: { attributeValueLengthLimit: ATTRIBUTE_LENGTH_MAX },
    // The default detectors export the command line.
    resourceDetectors: [resources.envDetector],
    // Otherwise the SDK would send metrics and logs over OTLP.
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: await createInstrumentations(),
  });
  sdk.start();
  return () => sdk.shutdown();
}

/** The SDK, its own messages (OTEL_LOG_LEVEL) on stderr: by itself it would write them between the log lines on stdout. */
function createSdk(configuration: ConstructorParameters<typeof NodeSDK>[0]): NodeSDK {
  const { OTEL_LOG_LEVEL: level } = environment;
  if (level === undefined) return new NodeSDK(configuration);
  const write = (...words: unknown[]) => process.stderr.write(`${words.join(' ')}\n`);
  const logger = { error: write, warn: write, info: write, debug: write, verbose: write };
  diag.setLogger(logger, { logLevel: core.diagLogLevelFromString(level) ?? DiagLogLevel.INFO });
  delete environment['OTEL_LOG_LEVEL'];
  try {
    return new NodeSDK(configuration);
  } finally {
    environment['OTEL_LOG_LEVEL'] = level;
  }
}

function report(event: Parameters<typeof tracingState.problems.report>[0]['event']) {
  return (reason: string) => tracingState.problems.report({ event, reason });
}

/**
 * None by default: the spans of requests and SQL statements are made where requests come in and statements run. The package
 * with all of them costs a second of CPU and 120 MB, so it is loaded on demand only.
 */
async function createInstrumentations() {
  // A blank variable is an unset one.
  if (!environment['OTEL_NODE_ENABLED_INSTRUMENTATIONS']?.trim()) return [];
  const { getNodeAutoInstrumentations } = await import('@opentelemetry/auto-instrumentations-node');
  // A request has its server span already, and the exporters' own requests are not to be traced.
  return getNodeAutoInstrumentations({
    '@opentelemetry/instrumentation-http': {
      disableIncomingRequestInstrumentation: true,
      disableOutgoingRequestInstrumentation: true,
    },
  });
}
