// Reads what arrives with Apache Thrift's own library, which has no part in encoding it.
import thrift from 'thrift';

/** A decoded struct: its fields by id. */
interface Struct {
  readonly [fieldId: number]: Value;
}
type Value = boolean | number | bigint | string | Struct | readonly Value[];

interface Message {
  readonly name: string;
  readonly type: number;
  readonly fields: Struct;
}

const { Thrift } = thrift;

// biome-ignore lint/suspicious/noExplicitAny: the library's types leave most of its reading side out.
type Protocol = any;

export type Encoding = 'compact' | 'binary';

/** Decodes one packet, which must be one message and nothing behind it. */
export function decodeMessage(packet: Buffer, encoding: Encoding): Message {
  const transport = new thrift.TFramedTransport(packet);
  const protocol: Protocol =
    encoding === 'compact' ? new thrift.TCompactProtocol(transport) : new thrift.TBinaryProtocol(transport, true, true);
  const { fname: name, mtype: type } = protocol.readMessageBegin();
  const fields = readStruct(protocol);
  protocol.readMessageEnd();
  return { name, type, fields };
}

function readStruct(protocol: Protocol): Struct {
  const fields: Record<number, Value> = {};
  protocol.readStructBegin();
  for (;;) {
    const { ftype, fid } = protocol.readFieldBegin();
    if (ftype === Thrift.Type.STOP) break;
    fields[fid] = readValue(protocol, ftype);
    protocol.readFieldEnd();
  }
  protocol.readStructEnd();
  return fields;
}

function readValue(protocol: Protocol, type: number): Value {
  switch (type) {
    case Thrift.Type.BOOL:
      return Boolean(protocol.readBool());
    case Thrift.Type.I32:
      return protocol.readI32();
    case Thrift.Type.I64:
      return protocol.readI64().buffer.readBigInt64BE(0);
    case Thrift.Type.DOUBLE:
      return protocol.readDouble();
    case Thrift.Type.STRING:
      return protocol.readBinary().toString('utf8');
    case Thrift.Type.STRUCT:
      return readStruct(protocol);
    case Thrift.Type.LIST: {
      const { etype, size } = protocol.readListBegin();
      const values = Array.from({ length: size }, () => readValue(protocol, etype));
      protocol.readListEnd();
      return values;
    }
    default:
      throw new Error(`no such type in Jaeger's model: ${type}`);
  }
}

/** Decodes the batch that Thrift over HTTP has for a body, in the binary encoding. */
export function decodeBatch(body: Buffer): JaegerBatch {
  return readBatch(readStruct(new thrift.TBinaryProtocol(new thrift.TFramedTransport(body), true, true)));
}

/** The batch of a decoded `emitBatch`. */
export function batchOf({ fields }: Message): JaegerBatch {
  return readBatch(fields[1] as Struct);
}

/** A span in Jaeger's model, from any of its encodings. */
export interface JaegerSpan {
  readonly traceId: string;
  readonly spanId: string;
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

/** Names the fields as jaeger.thrift does. */
function readBatch(batch: Struct): JaegerBatch {
  const process = batch[1] as Struct;
  return {
    serviceName: process[1] as string,
    processTags: readTags(process[2]),
    spans: (batch[2] as Struct[]).map((span) => ({
      traceId: hex(span[2]) + hex(span[1]),
      spanId: hex(span[3]),
      parentSpanId: hex(span[4]),
      operationName: span[5] as string,
      links: ((span[6] ?? []) as Struct[]).map((link) => ({
        traceId: hex(link[3]) + hex(link[2]),
        spanId: hex(link[4]),
      })),
      flags: span[7] as number,
      startMicroseconds: Number(span[8]),
      durationMicroseconds: Number(span[9]),
      tags: readTags(span[10]),
      logs: ((span[11] ?? []) as Struct[]).map((log) => ({ microseconds: Number(log[1]), fields: readTags(log[2]) })),
    })),
  };
}

const valueFieldOf = [3, 4, 5, 6];

function readTags(tags: Value | undefined): Record<string, Value> {
  return Object.fromEntries(
    ((tags ?? []) as Struct[]).map((tag) => [tag[1] as string, tag[valueFieldOf[tag[2] as number] ?? 0] as Value]),
  );
}

function hex(value: Value | undefined): string {
  return BigInt.asUintN(64, value as bigint)
    .toString(16)
    .padStart(16, '0');
}
