import { JaegerExporter } from '@opentelemetry/exporter-jaeger';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
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
 * HTTP where an endpoint is set, else over UDP to the agent.
 */
export function createSender(settings: ExportSettings): SpanSender {
  const otlpEndpoint = settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (otlpEndpoint !== undefined) return asSender(() => new OTLPTraceExporter());
  const { JAEGER_ENDPOINT: endpoint } = settings;
  if (endpoint !== undefined) return asSender(() => new JaegerExporter({ endpoint }));
  return createAgentSender(settings.JAEGER_AGENT_HOST, settings.JAEGER_AGENT_PORT);
}
