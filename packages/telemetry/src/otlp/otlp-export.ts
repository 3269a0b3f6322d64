import { OTLPExporterBase } from '@opentelemetry/otlp-exporter-base';
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http';
import type { IExporterMetricsHelper, ISerializer } from '@opentelemetry/otlp-transformer';
import { createHttpExport, type HttpExport, type Rejection, type Signal } from '../http-export.js';

/** A signal as OpenTelemetry's exporter of it is put together. */
export interface OtlpSignal<Payload, Response> extends Signal {
  /** The part of `OTEL_EXPORTER_OTLP_*_HEADERS` and its like that names it. */
  readonly variables: 'TRACES' | 'LOGS' | 'METRICS';
  readonly componentType: string;
  readonly serializer: ISerializer<Payload, Response>;
  readonly metricsHelper: IExporterMetricsHelper<Payload>;
  /** How many a response says were refused, and why. */
  readonly readRejection: (response: Response) => readonly [count: unknown, reason: string | undefined];
}

/**
 * Sends a signal over OTLP (HTTP, protobuf); the exporter reads the other `OTEL_EXPORTER_OTLP_*` itself. It logs a partial
 * success (https://opentelemetry.io/docs/specs/otlp/#partial-success) and counts it as one, so it is read here.
 */
export function createOtlpExport<Payload, Response>(
  signal: OtlpSignal<Payload, Response>,
  { url, timeoutMs }: { readonly url: string; readonly timeoutMs: number },
): HttpExport<Payload> {
  const { variables, componentType, serializer, metricsHelper, readRejection } = signal;
  let rejection: Rejection | undefined;
  const observed: ISerializer<Payload, Response> = {
    serializeRequest: (payload) => serializer.serializeRequest(payload),
    deserializeResponse: (data) => {
      const response = serializer.deserializeResponse(data);
      const [count, reason] = readRejection(response);
      if (Number(count ?? 0) > 0) rejection = { count: Number(count), reason: reason || 'sans raison' };
      return response;
    },
  };
  const contentType = { 'Content-Type': 'application/x-protobuf' };
  const createExporter = () =>
    new OTLPExporterBase(
      createOtlpHttpExportDelegate(
        convertLegacyHttpOptions({ url }, variables, `v1/${variables.toLowerCase()}`, contentType),
        observed,
        componentType,
        metricsHelper,
        undefined,
      ),
    );
  const takeRejection = () => {
    const taken = rejection;
    rejection = undefined;
    return taken;
  };
  return createHttpExport({ url, signal, timeoutMs, createExporter, takeRejection });
}
