import { JaegerExporter } from '@opentelemetry/exporter-jaeger';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { tracing } from '@opentelemetry/sdk-node';

export interface ExportSettings {
  readonly JAEGER_AGENT_HOST: string;
  readonly JAEGER_AGENT_PORT: number;
  readonly JAEGER_ENDPOINT?: string | undefined;
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
  readonly OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string | undefined;
}

/** OTLP where an endpoint is set (the exporter reads the other `OTEL_EXPORTER_OTLP_*` itself), Jaeger's Thrift elsewhere. */
export function createExporter(settings: ExportSettings): tracing.SpanExporter {
  const otlpEndpoint = settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (otlpEndpoint !== undefined) return new OTLPTraceExporter();
  if (settings.JAEGER_ENDPOINT !== undefined) return new JaegerExporter({ endpoint: settings.JAEGER_ENDPOINT });
  return new JaegerExporter({ host: settings.JAEGER_AGENT_HOST, port: settings.JAEGER_AGENT_PORT });
}
