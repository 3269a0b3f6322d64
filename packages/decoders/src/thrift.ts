// Jaeger's Thrift, read with Apache's own library (https://github.com/jaegertracing/jaeger-idl/blob/main/thrift/jaeger.thrift).
import thrift from 'thrift';
import { type Span, type Tag, tagOf, toInt64, toMicroseconds } from './span.js';

const { Thrift } = thrift;

/** A decoded struct: its fields by id. */
interface Struct {
  readonly [fieldId: number]: Value;
}
type Value = boolean | number | bigint | Buffer | Struct | readonly Value[];

// biome-ignore lint/suspicious/noExplicitAny: the library's types leave most of its reading side out.
type Protocol = any;

export type Encoding = 'compact' | 'binary';

/** A call of a Thrift service: `emitBatch`, one way. */
interface Message {
  readonly name: string;
  readonly type: number;
  readonly fields: Struct;
}

/**
 * Decodes one packet of an agent: one message and nothing behind it.
 *
 * @throws {Error} when it is none.
 */
export function decodeMessage(packet: Buffer, encoding: Encoding): Message {
  const transport = new thrift.TFramedTransport(packet);
  const protocol: Protocol =
    encoding === 'compact' ? new thrift.TCompactProtocol(transport) : new thrift.TBinaryProtocol(transport, true, true);
  const { fname: name, mtype: type } = protocol.readMessageBegin();
  const fields = readStruct(protocol);
  protocol.readMessageEnd();
  return { name, type, fields };
}

/**
 * Decodes the spans of a packet to an agent (`Agent.emitBatch`).
 *
 * @throws {Error} when it is truncated, or something else.
 */
export function decodePacket(packet: Buffer, encoding: Encoding): Span[] {
  const { name, fields } = decodeMessage(packet, encoding);
  if (name !== 'emitBatch') throw new Error(`the message is ${JSON.stringify(name.slice(0, 50))}, not "emitBatch"`);
  return readBatch(structOf(fields[1], 'emitBatch has no batch'));
}

/**
 * Decodes the spans of a request to a collector: a batch in the binary encoding.
 *
 * @throws {Error} when it is truncated, or something else.
 */
export function decodeBatch(body: Buffer): Span[] {
  return readBatch(readStruct(new thrift.TBinaryProtocol(new thrift.TFramedTransport(body), true, true)));
}

function readStruct(protocol: Protocol): Struct {
  const fields: Record<number, Value> = {};
  protocol.readStructBegin();
  for (;;) {
    const { ftype, fid } = protocol.readFieldBegin();
    if (ftype === Thrift.Type.STOP) break;
    const value = readValue(protocol, ftype);
    if (value !== undefined) fields[fid] = value;
    protocol.readFieldEnd();
  }
  protocol.readStructEnd();
  return fields;
}

/** Undefined for types that the model has not: fields of a later version. */
function readValue(protocol: Protocol, type: number): Value | undefined {
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
      return Buffer.from(protocol.readBinary());
    case Thrift.Type.STRUCT:
      return readStruct(protocol);
    case Thrift.Type.LIST: {
      const { etype, size } = protocol.readListBegin();
      const { inBuf, readPos } = protocol.trans;
      if (size > inBuf.length - readPos) throw new Error(`a list of ${size} in ${inBuf.length - readPos} bytes`);
      const values: Value[] = [];
      for (let index = 0; index < size; index += 1) {
        const value = readValue(protocol, etype);
        if (value !== undefined) values.push(value);
      }
      protocol.readListEnd();
      return values;
    }
    default:
      protocol.skip(type);
      return undefined;
  }
}

/** Names the fields as jaeger.thrift does. */
function readBatch(batch: Struct): Span[] {
  const process = structOf(batch[1], 'the batch has no process');
  const service = textOf(process[1]);
  const processTags = readTags(process[2]);
  return listOf(batch[2]).map((span) => {
    const traceId = hexOf(span[2]) + hexOf(span[1]);
    const references = listOf(span[6]).map((each) => ({
      isParent: each[1] === 0,
      traceId: hexOf(each[3]) + hexOf(each[2]),
      spanId: hexOf(each[4]),
    }));
    const parent = hexOf(span[4]);
    const childOf = references.find((each) => each.isParent && each.traceId === traceId)?.spanId;
    const parentId = Number(`0x${parent}`) === 0 ? (childOf ?? '') : parent;
    const tags = readTags(span[10]);
    const kind = tagOf(tags, 'span.kind');
    return {
      traceId,
      spanId: hexOf(span[3]),
      parentId,
      links: references
        .filter((each) => each.traceId !== traceId || each.spanId !== parentId)
        .map(({ isParent: _, ...link }) => link),
      service,
      processTags,
      name: textOf(span[5]),
      kind: typeof kind === 'string' && kind !== 'internal' ? kind : '',
      flags: numberOf(span[7]),
      startUs: timeOf(span[8]),
      durationUs: timeOf(span[9]),
      tags,
      logs: listOf(span[11]).map((log) => ({ timeUs: timeOf(log[1]), fields: readTags(log[2]) })),
    };
  });
}

function readTags(tags: Value | undefined): Tag[] {
  return listOf(tags).map((tag) => {
    const key = textOf(tag[1]);
    switch (tag[2]) {
      case 0:
        return { key, type: 'string', value: textOf(tag[3]) };
      case 1:
        return { key, type: 'float64', value: numberOf(tag[4]) };
      case 2:
        return { key, type: 'bool', value: tag[5] === true };
      case 3:
        return { key, type: 'int64', value: typeof tag[6] === 'bigint' ? toInt64(tag[6]) : 0 };
      case 4:
        return { key, type: 'binary', value: tag[7] instanceof Buffer ? tag[7].toString('base64') : '' };
      default:
        throw new Error(`the tag ${JSON.stringify(key.slice(0, 50))} has the type ${String(tag[2])}`);
    }
  });
}

function structOf(value: Value | undefined, problem: string): Struct {
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Buffer) throw new Error(problem);
  return value as Struct;
}

function listOf(value: Value | undefined): Struct[] {
  return Array.isArray(value) ? value.map((each) => structOf(each, 'a list has something else than structs')) : [];
}

function textOf(value: Value | undefined): string {
  return value instanceof Buffer ? value.toString('utf8') : '';
}

function numberOf(value: Value | undefined): number {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
}

function timeOf(value: Value | undefined): number {
  return typeof value === 'bigint' ? toMicroseconds(value) : 0;
}

function hexOf(value: Value | undefined): string {
  if (typeof value !== 'bigint') throw new Error('an id is missing');
  return BigInt.asUintN(64, value).toString(16).padStart(16, '0');
}
