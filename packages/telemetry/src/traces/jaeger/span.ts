import { type Attributes, type AttributeValue, type HrTime, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { resources, tracing } from '@opentelemetry/sdk-node';
import type { ByteWriter } from './byte-writer.js';
import { int64FromHex, int64FromNumber, type ThriftWriter } from './thrift.js';

// Jaeger's model (https://github.com/jaegertracing/jaeger-idl/blob/main/thrift/jaeger.thrift), filled as OpenTelemetry
// says (https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/).

const tagType = { string: 0, double: 1, bool: 2, long: 3 } as const;
const FOLLOWS_FROM = 1;
const SAMPLED = 1;
const SERVICE_NAME = 'service.name';

/** Largest tag that is remembered, in bytes, and the most keys. */
const REMEMBERED_BYTES_MAX = 1_024;
const REMEMBERED_MAX = 1_000;

/** A tag as it was written last. */
interface WrittenTag {
  value: AttributeValue | undefined;
  /** Known once the same value was written twice in a row. */
  bytes: Buffer | undefined;
}

/** Writes spans. Most tags have the value that they had in the span before: their bytes are copied. */
export class SpanWriter {
  readonly #writer: ThriftWriter;
  readonly #writtenTags = new Map<string, WrittenTag>();

  constructor(writer: ThriftWriter) {
    this.#writer = writer;
  }

  get bytes(): ByteWriter {
    return this.#writer.bytes;
  }

  /** `emitBatch(Batch)` as far as the spans' number, which goes with the list. */
  beginBatch(resource: resources.Resource, spanCount: number): void {
    const writer = this.#writer;
    const { [SERVICE_NAME]: serviceName, ...attributes } = resource.attributes;
    writer.onewayMessage('emitBatch');
    writer.beginStruct();
    writer.structField(1);
    writer.beginStruct();
    writer.structField(1);
    writer.beginStruct();
    writer.stringField(1, String(serviceName));
    this.#writeTags(2, attributes as Attributes);
    writer.endStruct();
    writer.structListField(2, spanCount);
  }

  endBatch(): void {
    this.#writer.endStruct();
    this.#writer.endStruct();
  }

  writeSpan(span: tracing.ReadableSpan): void {
    const writer = this.#writer;
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
    this.#writeTags(10, span.attributes, derivedTags(span));
    if (span.events.length > 0) this.#writeLogs(span.events);
    writer.endStruct();
  }

  #writeLogs(events: tracing.ReadableSpan['events']): void {
    const writer = this.#writer;
    writer.structListField(11, events.length);
    for (const { time, name, attributes = {} } of events) {
      writer.beginStruct();
      writer.int64Field(1, int64FromNumber(toMicroseconds(time)));
      this.#writeTags(2, attributes, [['event', name]]);
      writer.endStruct();
    }
  }

  #writeTags(fieldId: number, attributes: Attributes, others: readonly Tag[] = []): void {
    const keys = Object.keys(attributes);
    this.#writer.structListField(fieldId, keys.length + others.length);
    for (const key of keys) this.#writeTag(key, attributes[key]);
    for (const [key, value] of others) this.#writeTag(key, value);
  }

  #writeTag(key: string, value: AttributeValue | undefined): void {
    const { bytes } = this.#writer;
    const written = this.#writtenTags.get(key);
    if (written === undefined) {
      this.#encodeTag(key, value);
      if (this.#writtenTags.size < REMEMBERED_MAX) this.#writtenTags.set(key, { value, bytes: undefined });
    } else if (written.value !== value) {
      this.#encodeTag(key, value);
      written.value = value;
      written.bytes = undefined;
    } else if (written.bytes === undefined) {
      const start = bytes.length;
      this.#encodeTag(key, value);
      if (bytes.length - start <= REMEMBERED_BYTES_MAX) written.bytes = Buffer.from(bytes.view(start, bytes.length));
    } else bytes.append(written.bytes);
  }

  #encodeTag(key: string, value: AttributeValue | undefined): void {
    this.#writer.beginStruct();
    this.#writer.stringField(1, key);
    writeTagValue(this.#writer, value);
    this.#writer.endStruct();
  }
}

type Tag = readonly [key: string, value: AttributeValue];

/** Fields of OpenTelemetry that are tags in Jaeger. */
function derivedTags({ kind, status, attributes }: tracing.ReadableSpan): Tag[] {
  const tags: Tag[] = [];
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
