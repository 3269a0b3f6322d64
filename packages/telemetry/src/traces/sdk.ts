import { DiagLogLevel, diag, ProxyTracerProvider, trace } from '@opentelemetry/api';
import { core, NodeSDK, tracing } from '@opentelemetry/sdk-node';
import { isSet } from '@products/environment';
import { createResource } from '../resource.js';
import type { TracingSettings } from '../settings.js';
import { BatchProcessor } from './batch-processor.js';
import { createPropagator } from './propagator.js';
import { endUnfinishedSpans } from './request-span.js';
import { createSampler } from './sampler.js';
import { createSender } from './sender.js';
import { tracingState } from './state.js';

// biome-ignore lint/style/noProcessEnv: some of OpenTelemetry's settings can only be read or changed here.
const environment = process.env;

/** Longest attribute value; a client chooses paths, queries and headers. */
const ATTRIBUTE_LENGTH_MAX = 4_096;

/** Whether something else, an injected agent for instance, has registered its tracer in this process. */
export function isTracerRegistered(): boolean {
  const provider = trace.getTracerProvider();
  return !(
    provider instanceof ProxyTracerProvider && provider.getDelegate() === new ProxyTracerProvider().getDelegate()
  );
}

/** Starts the SDK for this process. Returns a function that exports the spans still in memory and stops it. */
export async function startTracing(settings: TracingSettings): Promise<() => Promise<void>> {
  const sender = await createSender(settings.receiver, settings.batch);
  const processor =
    sender &&
    new BatchProcessor({
      sender,
      settings: settings.batch,
      counts: tracingState.spans,
      warn: report('spans_dropped'),
    });
  const sdk = createSdk({
    resource: createResource(settings),
    autoDetectResources: false,
    sampler: createSampler(settings.sampler, report('sampling_strategy_unavailable')),
    // Without any, the SDK would make no spans, and no ids.
    spanProcessors: [processor ?? new tracing.NoopSpanProcessor()],
    textMapPropagator: createPropagator(settings.propagators),
    spanLimits: { attributeValueLengthLimit: ATTRIBUTE_LENGTH_MAX },
    // The service sends its metrics and lines itself, up to its last one.
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: await createInstrumentations(),
  });
  sdk.start();
  return () => {
    endUnfinishedSpans();
    return sdk.shutdown();
  };
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
  if (!isSet(environment, 'OTEL_NODE_ENABLED_INSTRUMENTATIONS')) return [];
  const { getNodeAutoInstrumentations } = await import('@opentelemetry/auto-instrumentations-node');
  // A request has its server span already, and the exporters' own requests are not to be traced.
  return getNodeAutoInstrumentations({
    '@opentelemetry/instrumentation-http': {
      disableIncomingRequestInstrumentation: true,
      disableOutgoingRequestInstrumentation: true,
    },
  });
}
