import { OTLPExporterBase } from '@opentelemetry/otlp-exporter-base';
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http';
import { ProtobufTraceSerializer, TraceExporterMetricsHelper } from '@opentelemetry/otlp-transformer';
import { createHttpSender, type Rejection, type SpanSender } from './span-sender.js';

/**
 * Sends spans over OTLP (HTTP, protobuf); the exporter reads the other `OTEL_EXPORTER_OTLP_*` itself. It logs a partial success
 * (https://opentelemetry.io/docs/specs/otlp/#partial-success) and counts it as one, so it is read here from the answer.
 */
export function createOtlpSender(url: string, timeoutMs: number): SpanSender {
  let rejection: Rejection | undefined;
  const serializer: typeof ProtobufTraceSerializer = {
    ...ProtobufTraceSerializer,
    deserializeResponse: (data) => {
      const response = ProtobufTraceSerializer.deserializeResponse(data);
      const { rejectedSpans, errorMessage } = response.partialSuccess ?? {};
      if (Number(rejectedSpans ?? 0) > 0) {
        rejection = { spans: Number(rejectedSpans), reason: errorMessage || 'sans raison' };
      }
      return response;
    },
  };
  const contentType = { 'Content-Type': 'application/x-protobuf' };
  const createExporter = () =>
    new OTLPExporterBase(
      createOtlpHttpExportDelegate(
        convertLegacyHttpOptions({ url }, 'TRACES', 'v1/traces', contentType),
        serializer,
        'otlp_http_span_exporter',
        TraceExporterMetricsHelper,
        undefined,
      ),
    );
  const takeRejection = () => {
    const taken = rejection;
    rejection = undefined;
    return taken;
  };
  return createHttpSender({ url, timeoutMs, createExporter, takeRejection });
}
