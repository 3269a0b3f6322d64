// What arrived, decoded as the console does, as tests like to read it.
import { decodeMessage as decode, type Encoding, type Span, type Tag } from '@products/decoders';

type Value = string | boolean | number | bigint;

/** A span in Jaeger's model, from any of its encodings. */
export interface JaegerSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Zeros without a parent. */
  readonly parentSpanId: string;
  readonly operationName: string;
  /** Spans that it is linked to: references that are not its parent. */
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly flags: number;
  readonly startMicroseconds: number;
  readonly durationMicroseconds: number;
  readonly tags: Readonly<Record<string, Value>>;
  readonly logs: readonly { readonly microseconds: number; readonly fields: Readonly<Record<string, Value>> }[];
}

export interface JaegerBatch {
  readonly serviceName: string;
  readonly processTags: Readonly<Record<string, Value>>;
  readonly spans: readonly JaegerSpan[];
}

/** Decodes one packet, which must be one message; strings are texts. */
export function decodeMessage(
  packet: Buffer,
  encoding: Encoding,
): { name: string; type: number; fields: Record<number, unknown> } {
  const { name, type, fields } = decode(packet, encoding);
  return { name, type, fields: withTexts(fields) as Record<number, unknown> };
}

function withTexts(value: unknown): unknown {
  if (value instanceof Buffer) return value.toString('utf8');
  if (Array.isArray(value)) return value.map(withTexts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([id, field]) => [id, withTexts(field)]));
}

/** The batch that these spans came in: all of one process. */
export function toBatch(spans: readonly Span[]): JaegerBatch {
  const [first] = spans;
  return {
    serviceName: first?.service ?? '',
    processTags: toRecord(first?.processTags ?? []),
    spans: spans.map(toJaeger),
  };
}

function toJaeger(span: Span): JaegerSpan {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentId.padStart(16, '0'),
    operationName: span.name,
    links: span.links,
    flags: span.flags,
    startMicroseconds: span.startUs,
    durationMicroseconds: span.durationUs,
    tags: toRecord(span.tags),
    logs: span.logs.map(({ timeUs, fields }) => ({ microseconds: timeUs, fields: toRecord(fields) })),
  };
}

function toRecord(tags: readonly Tag[]): Record<string, Value> {
  return Object.fromEntries(
    tags.map(({ key, type, value }) => [key, type === 'int64' ? BigInt(value as number | string) : value]),
  );
}
