// Reads OTLP with protobufjs and the fields that the specification numbers
// (https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto).
import protobuf from 'protobufjs';
import type { JaegerBatch } from './thrift.js';

const { root } = protobuf.parse(`
  syntax = "proto3";
  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; uint32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
    repeated Event events = 11; repeated Link links = 13; fixed32 flags = 16;
  }
  message Link { bytes trace_id = 1; bytes span_id = 2; }
  message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`);
const requestType = root.lookupType('ExportTraceServiceRequest');

interface KeyValue {
  readonly key: string;
  readonly value: { stringValue?: string; boolValue?: boolean; intValue?: string; doubleValue?: number };
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly KeyValue[];
  readonly events?: readonly { timeUnixNano: string; name: string; attributes?: readonly KeyValue[] }[];
  readonly links?: readonly { traceId: string; spanId: string }[];
  readonly flags: number;
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

const kinds = ['', 'internal', 'server', 'client'];

/** Decodes a request of OTLP over HTTP in protobuf to what Jaeger makes of it. */
export function decodeOtlp(body: Buffer): JaegerBatch[] {
  const decoded = requestType.toObject(requestType.decode(body), { bytes: String, longs: String });
  return (decoded as OtlpRequest).resourceSpans.map(({ resource, scopeSpans }) => {
    const { 'service.name': serviceName, ...processTags } = readAttributes(resource.attributes);
    return {
      serviceName: String(serviceName),
      processTags,
      spans: scopeSpans.flatMap(({ spans }) => spans).map(readSpan),
    };
  });
}

function readSpan(span: OtlpSpan) {
  const start = BigInt(span.startTimeUnixNano);
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId ?? '').padStart(16, '0'),
    operationName: span.name,
    links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId: hex(traceId), spanId: hex(spanId) })),
    flags: span.flags & 0xff,
    startMicroseconds: Number(start / 1_000n),
    durationMicroseconds: Number((BigInt(span.endTimeUnixNano) - start) / 1_000n),
    tags: { ...readAttributes(span.attributes), 'span.kind': kinds[span.kind] ?? '' },
    logs: (span.events ?? []).map(({ timeUnixNano, name, attributes }) => ({
      microseconds: Number(BigInt(timeUnixNano) / 1_000n),
      fields: { event: name, ...readAttributes(attributes) },
    })),
  };
}

function readAttributes(attributes: readonly KeyValue[] = []) {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, boolValue, intValue, doubleValue } }) => [
      key,
      stringValue ?? boolValue ?? doubleValue ?? BigInt(intValue ?? 0),
    ]),
  );
}

function hex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}
