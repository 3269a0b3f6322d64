import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { metrics } from '@opentelemetry/sdk-node';
import protobuf from 'protobufjs';
import type { Exemplar } from '../metrics/exemplars.js';
import type { HistogramPoint } from './metric-data.js';

/** The way to the exemplars, from OpenTelemetry's metrics.proto; all other fields pass unread. */
const requestType = protobuf
  .parse(`
  syntax = "proto3";
  message Request { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { repeated ScopeMetrics scope_metrics = 2; }
  message ScopeMetrics { repeated Metric metrics = 2; }
  message Metric { Histogram histogram = 9; }
  message Histogram { repeated Point data_points = 1; }
  message Point { repeated Exemplar exemplars = 8; }
  message Exemplar { fixed64 time_unix_nano = 2; double as_double = 3; bytes trace_id = 5; }
`)
  .root.lookupType('Request');

interface Request {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly { readonly histogram?: { readonly dataPoints: readonly { exemplars: object[] }[] } }[];
    }[];
  }[];
}

/** OpenTelemetry's serializer, with the exemplars that it has no notion of. */
export const metricsSerializer: typeof ProtobufMetricsSerializer = {
  ...ProtobufMetricsSerializer,
  serializeRequest: (resourceMetrics) => {
    const bytes = ProtobufMetricsSerializer.serializeRequest(resourceMetrics);
    return bytes && addExemplars(bytes, resourceMetrics);
  },
};

function addExemplars(bytes: Uint8Array, { scopeMetrics }: metrics.ResourceMetrics): Uint8Array {
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = false;
  const message = requestType.decode(reader);
  const [resource] = (message as unknown as Request).resourceMetrics;
  for (const [scopeIndex, { metrics }] of scopeMetrics.entries()) {
    for (const [metricIndex, { dataPoints }] of metrics.entries()) {
      const points = resource?.scopeMetrics[scopeIndex]?.metrics[metricIndex]?.histogram?.dataPoints ?? [];
      for (const [pointIndex, point] of points.entries()) {
        point.exemplars = (dataPoints[pointIndex] as HistogramPoint).exemplars.map(toMessage);
      }
    }
  }
  return requestType.encode(message).finish();
}

function toMessage({ traceId, value, timestampSeconds }: Exemplar): object {
  const nanoseconds = BigInt(Math.round(timestampSeconds * 1_000)) * 1_000_000n;
  return {
    // protobufjs takes an integer of 64 bits by its halves.
    timeUnixNano: { low: Number(nanoseconds & 0xffffffffn), high: Number(nanoseconds >> 32n) },
    asDouble: value,
    traceId: Buffer.from(traceId, 'hex'),
  };
}
