// Preload of the peer: node --import ./peer-tracing.js
import { register } from 'node:module';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
const { getNodeAutoInstrumentations } = await import('@opentelemetry/auto-instrumentations-node');
const { JaegerExporter } = await import('@opentelemetry/exporter-jaeger');
const { NodeSDK } = await import('@opentelemetry/sdk-node');

// biome-ignore lint/style/noProcessEnv: started by the bench, which configures it so.
const { JAEGER_AGENT_PORT } = process.env;
new NodeSDK({
  serviceName: 'peer',
  traceExporter: new JaegerExporter({ host: '127.0.0.1', port: Number(JAEGER_AGENT_PORT) }),
  metricReaders: [],
  logRecordProcessors: [],
  instrumentations: [getNodeAutoInstrumentations()],
}).start();
