import { type Attributes, type AttributeValue, type HrTime, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { resources, tracing } from '@opentelemetry/sdk-node';
import { int64FromHex, int64FromNumber, type ThriftWriter } from './thrift.js';

// Jaeger's model (https://github.com/jaegertracing/jaeger-idl/blob/main/thrift/jaeger.thrift), filled as OpenTelemetry
// says (https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/).

const tagType = { string: 0, double: 1, bool: 2, long: 3 } as const;
const FOLLOWS_FROM = 1;
const SAMPLED = 1;
const SERVICE_NAME = 'service.name';

/** `emitBatch(Batch)` as far as the spans' number, which goes with the list. */
export function beginBatch(writer: ThriftWriter, resource: resources.Resource, spanCount: number): void {
  const { [SERVICE_NAME]: serviceName, ...attributes } = resource.attributes;
  writer.onewayMessage('emitBatch');
  writer.beginStruct();
  writer.structField(1);
  writer.beginStruct();
  writer.structField(1);
  writer.beginStruct();
  writer.stringField(1, String(serviceName));
  writeTags(writer, 2, Object.entries(attributes as Attributes));
  writer.endStruct();
  writer.structListField(2, spanCount);
}

export function endBatch(writer: ThriftWriter): void {
  writer.endStruct();
  writer.endStruct();
}

export function writeSpan(writer: ThriftWriter, span: tracing.ReadableSpan): void {
  const { traceId, spanId } = span.spanContext();
  writer.beginStruct();
  writer.int64Field(1, int64FromHex(traceId.slice(16)));
  writer.int64Field(2, int64FromHex(traceId.slice(0, 16)));
  writer.int64Field(3, int64FromHex(spanId));
  writer.int64Field(4, int64FromHex(span.parentSpanContext?.spanId ?? '0000000000000000'));
  writer.stringField(5, span.name);
  if (span.links.length > 0) writeReferences(writer, span.links);
  writer.int32Field(7, SAMPLED);
  writer.int64Field(8, int64FromNumber(toMicroseconds(span.startTime)));
  writer.int64Field(9, int64FromNumber(toMicroseconds(span.duration)));
  writeTags(writer, 10, [...Object.entries(span.attributes), ...derivedTags(span)]);
  if (span.events.length > 0) writeLogs(writer, span.events);
  writer.endStruct();
}

/** Fields of OpenTelemetry that are tags in Jaeger. */
function derivedTags({ kind, status, attributes }: tracing.ReadableSpan): [string, AttributeValue][] {
  const tags: [string, AttributeValue][] = [];
  if (kind !== SpanKind.INTERNAL) tags.push(['span.kind', SpanKind[kind].toLowerCase()]);
  if (status.code !== SpanStatusCode.UNSET) tags.push(['otel.status_code', SpanStatusCode[status.code]]);
  if (status.message !== undefined) tags.push(['otel.status_description', status.message]);
  if (status.code === SpanStatusCode.ERROR && attributes['error'] === undefined) tags.push(['error', true]);
  return tags;
}

function writeReferences(writer: ThriftWriter, links: tracing.ReadableSpan['links']): void {
  writer.structListField(6, links.length);
  for (const { context } of links) {
    writer.beginStruct();
    writer.int32Field(1, FOLLOWS_FROM);
    writer.int64Field(2, int64FromHex(context.traceId.slice(16)));
    writer.int64Field(3, int64FromHex(context.traceId.slice(0, 16)));
    writer.int64Field(4, int64FromHex(context.spanId));
    writer.endStruct();
  }
}

function writeLogs(writer: ThriftWriter, events: tracing.ReadableSpan['events']): void {
  writer.structListField(11, events.length);
  for (const { time, name, attributes } of events) {
    writer.beginStruct();
    writer.int64Field(1, int64FromNumber(toMicroseconds(time)));
    writeTags(writer, 2, [['event', name], ...Object.entries(attributes ?? {})]);
    writer.endStruct();
  }
}

function writeTags(writer: ThriftWriter, fieldId: number, tags: [string, AttributeValue | undefined][]): void {
  writer.structListField(fieldId, tags.length);
  for (const [key, value] of tags) {
    writer.beginStruct();
    writer.stringField(1, key);
    writeTagValue(writer, value);
    writer.endStruct();
  }
}

function writeTagValue(writer: ThriftWriter, value: AttributeValue | undefined): void {
  if (typeof value === 'string') {
    writer.int32Field(2, tagType.string);
    writer.stringField(3, value);
  } else if (typeof value === 'boolean') {
    writer.int32Field(2, tagType.bool);
    writer.boolField(5, value);
  } else if (Number.isSafeInteger(value)) {
    writer.int32Field(2, tagType.long);
    writer.int64Field(6, int64FromNumber(Number(value)));
  } else if (typeof value === 'number') {
    writer.int32Field(2, tagType.double);
    writer.doubleField(4, value);
  } else {
    writer.int32Field(2, tagType.string);
    writer.stringField(3, JSON.stringify(value ?? null));
  }
}

function toMicroseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1_000_000 + Math.floor(nanoseconds / 1_000);
}
