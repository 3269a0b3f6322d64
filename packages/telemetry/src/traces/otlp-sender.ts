import { ProtobufTraceSerializer, TraceExporterMetricsHelper } from '@opentelemetry/otlp-transformer';
import { createOtlpExport } from '../otlp/otlp-export.js';
import { createHttpSender, type SpanSender, spanSignal } from './span-sender.js';

/** Sends spans over OTLP. */
export function createOtlpSender(url: string, timeoutMs: number): SpanSender {
  const otlp = createOtlpExport(
    {
      ...spanSignal,
      variables: 'TRACES',
      componentType: 'otlp_http_span_exporter',
      serializer: ProtobufTraceSerializer,
      metricsHelper: TraceExporterMetricsHelper,
      readRejection: ({ partialSuccess }) => [partialSuccess?.rejectedSpans, partialSuccess?.errorMessage],
    },
    { url, timeoutMs },
  );
  return createHttpSender(otlp);
}
