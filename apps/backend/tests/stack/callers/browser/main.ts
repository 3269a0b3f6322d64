// Calls the service within a trace that a page has begun.
import { context, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { FetchInstrumentation } from '@opentelemetry/instrumentation-fetch';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, StackContextManager, WebTracerProvider } from '@opentelemetry/sdk-trace-web';

/** Resolves with the trace's id once its spans have left. */
export async function callFrom(url: string, otlpUrl: string): Promise<string> {
  const exporter = new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces` });
  const provider = new WebTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'caller' }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register({ contextManager: new StackContextManager() });
  registerInstrumentations({
    instrumentations: [
      new FetchInstrumentation({
        propagateTraceHeaderCorsUrls: [url, new RegExp(`^${url}`)],
        ignoreUrls: [new RegExp(`^${otlpUrl}`)],
      }),
    ],
  });
  const span = trace.getTracer('caller').startSpan('order');
  await context
    .with(trace.setSpan(context.active(), span), () => fetch(`${url}/products/1`))
    .then((response) => response.json());
  span.end();
  // The instrumentation ends its span somewhat later, once the browser knows the times of the request.
  await new Promise((resolve) => setTimeout(resolve, 500));
  await provider.shutdown();
  return span.spanContext().traceId;
}
