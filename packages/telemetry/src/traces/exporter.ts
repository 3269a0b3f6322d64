import { createAgentSender } from './jaeger/agent-sender.js';
import { asSender, type SpanSender } from './span-sender.js';

export interface ExportSettings {
  readonly JAEGER_AGENT_HOST: string;
  readonly JAEGER_AGENT_PORT: number;
  readonly JAEGER_ENDPOINT?: string | undefined;
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
  readonly OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string | undefined;
}

/**
 * OTLP where an endpoint is set (the exporter reads the other `OTEL_EXPORTER_OTLP_*` itself), else Jaeger's Thrift: over
 * HTTP where an endpoint is set, else over UDP to the agent. Loads the exporter that is asked for, and no other.
 */
export async function createSender(settings: ExportSettings): Promise<SpanSender> {
  const otlpEndpoint = settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (otlpEndpoint !== undefined) {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
    return asSender(() => new OTLPTraceExporter());
  }
  const { JAEGER_ENDPOINT: endpoint } = settings;
  if (endpoint !== undefined) {
    const { JaegerExporter } = await import('@opentelemetry/exporter-jaeger');
    return asSender(() => new JaegerExporter({ endpoint }));
  }
  return createAgentSender(settings.JAEGER_AGENT_HOST, settings.JAEGER_AGENT_PORT);
}
