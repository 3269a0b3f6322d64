import { EventEmitter } from 'node:events';
import Module, { createRequire } from 'node:module';
import { type Context, DiagLogLevel, diag } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { HttpInstrumentation, type HttpInstrumentationConfig } from '@opentelemetry/instrumentation-http';
import { core, NodeSDK, resources } from '@opentelemetry/sdk-node';
import { BatchProcessor } from './batch-processor.js';
import { createSender, type ExportSettings } from './exporter.js';
import { createPropagator } from './propagator.js';
import { createSampler, type SamplerSettings } from './sampler.js';
import { describeRequest, describeResponse } from './server-span.js';
import { tracingState } from './state.js';

// biome-ignore lint/style/noProcessEnv: part of OpenTelemetry can be configured through it only.
const environment = process.env;

/**
 * Starts the SDK for this process, before anything of the service is imported. Returns what exports the spans still in
 * memory and stops it.
 */
export async function startTracing(settings: ExportSettings & SamplerSettings): Promise<() => Promise<void>> {
  const { require } = Module.prototype;
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
    contextManager: new RequestContextManager(),
    textMapPropagator: createPropagator(),
    // The default detectors export the command line.
    resourceDetectors: [resources.envDetector],
    // Metrics and logs have their own way out: without these, the SDK would send them over OTLP.
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: await createInstrumentations(),
  });
  sdk.start();
  // An instrumentation takes hold when its module is next required.
  createRequire(import.meta.url)('node:http');
  // For the sake of no other, its hook would look each module up once more that is loaded from now on: 0.7 s of CPU.
  if (!isAskedForOthers()) Module.prototype.require = require;
  return () => sdk.shutdown();
}

/**
 * Makes the SDK with what OpenTelemetry says of itself, at OTEL_LOG_LEVEL, on stderr: the SDK would say it on stdout,
 * between the lines of the log.
 */
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

/**
 * Leaves requests and responses as they are, where OpenTelemetry's would wrap every listener that they get: what waits for
 * their events here awaits a promise, which keeps its context by itself.
 */
class RequestContextManager extends AsyncLocalStorageContextManager {
  override bind<T>(context: Context, target: T): T {
    return target instanceof EventEmitter ? target : super.bind(context, target);
  }
}

function report(event: Parameters<typeof tracingState.problems.report>[0]['event']) {
  return (reason: string) => tracingState.problems.report({ event, reason });
}

const httpConfig: HttpInstrumentationConfig = {
  disableOutgoingRequestInstrumentation: true,
  ignoreIncomingRequestHook: (request) => tracingState.leavesOut?.(request) ?? false,
  startIncomingSpanHook: (request) => ({ ...describeRequest(request) }),
  applyCustomAttributesOnSpan: describeResponse,
};

/** By default, http alone is instrumented. */
function isAskedForOthers(): boolean {
  const { OTEL_NODE_ENABLED_INSTRUMENTATIONS: enabled, OTEL_NODE_DISABLED_INSTRUMENTATIONS: disabled } = environment;
  return enabled !== undefined || disabled !== undefined;
}

/**
 * Server spans come from here; spans of SQL statements are made where the statements are run. Who asks for other
 * instrumentations gets them, and pays for them: loading all that there are takes a second of CPU and 120 MB.
 */
async function createInstrumentations() {
  if (!isAskedForOthers()) return [new HttpInstrumentation(httpConfig)];
  environment['OTEL_NODE_ENABLED_INSTRUMENTATIONS'] ??= 'http';
  const { getNodeAutoInstrumentations } = await import('@opentelemetry/auto-instrumentations-node');
  return getNodeAutoInstrumentations({ '@opentelemetry/instrumentation-http': httpConfig });
}
