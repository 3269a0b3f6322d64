import { ByteWriter } from './byte-writer.js';

/** A 64-bit integer as two 32-bit halves, which need no BigInt. */
export interface Int64 {
  readonly high: number;
  readonly low: number;
}

/** The Thrift types of Jaeger's structures, in either encoding. Fields are written in the order of their ids. */
export interface ThriftWriter {
  readonly bytes: ByteWriter;
  /** Starts a call that expects no answer. */
  onewayMessage(name: string): void;
  beginStruct(): void;
  endStruct(): void;
  structField(id: number): void;
  stringField(id: number, value: string): void;
  boolField(id: number, value: boolean): void;
  int32Field(id: number, value: number): void;
  int64Field(id: number, value: Int64): void;
  doubleField(id: number, value: number): void;
  /** Announces a list of structs; they follow, each between beginStruct and endStruct. */
  structListField(id: number, size: number): void;
}

/** @param hex 16 hex digits */
export function int64FromHex(hex: string): Int64 {
  return { high: Number.parseInt(hex.slice(0, 8), 16) | 0, low: Number.parseInt(hex.slice(8, 16), 16) | 0 };
}

/** @param value a whole number that a double holds exactly */
export function int64FromNumber(value: number): Int64 {
  return { high: Math.floor(value / 2 ** 32) | 0, low: (value % 2 ** 32) | 0 };
}

const ONEWAY = 4;

const compactType = { true: 1, false: 2, int32: 5, int64: 6, double: 7, string: 8, list: 9, struct: 12 } as const;

/** https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md */
export class CompactWriter implements ThriftWriter {
  readonly bytes = new ByteWriter();
  readonly #writeLength = (bytes: number) => this.#varint(bytes);
  /** Field ids are written as the distance from the one before, struct by struct. */
  readonly #outerFieldIds: number[] = [];
  #lastFieldId = 0;

  onewayMessage(name: string): void {
    const protocolId = 0x82;
    const version = 1;
    this.bytes.byte(protocolId);
    this.bytes.byte(version | (ONEWAY << 5));
    this.#varint(0);
    this.#string(name);
  }

  beginStruct(): void {
    this.#outerFieldIds.push(this.#lastFieldId);
    this.#lastFieldId = 0;
  }

  endStruct(): void {
    this.bytes.byte(0);
    this.#lastFieldId = this.#outerFieldIds.pop() ?? 0;
  }

  structField(id: number): void {
    this.#field(id, compactType.struct);
  }

  stringField(id: number, value: string): void {
    this.#field(id, compactType.string);
    this.#string(value);
  }

  boolField(id: number, value: boolean): void {
    this.#field(id, value ? compactType.true : compactType.false);
  }

  int32Field(id: number, value: number): void {
    this.#field(id, compactType.int32);
    this.#varint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  int64Field(id: number, { high, low }: Int64): void {
    this.#field(id, compactType.int64);
    // Zigzag: small negative numbers become small positive ones.
    const sign = high >> 31;
    let upper = (((high << 1) | (low >>> 31)) ^ sign) >>> 0;
    let lower = ((low << 1) ^ sign) >>> 0;
    while (upper !== 0 || lower > 0x7f) {
      this.bytes.byte((lower & 0x7f) | 0x80);
      lower = ((lower >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    this.bytes.byte(lower);
  }

  doubleField(id: number, value: number): void {
    this.#field(id, compactType.double);
    this.bytes.doubleLE(value);
  }

  structListField(id: number, size: number): void {
    this.#field(id, compactType.list);
    if (size < 15) {
      this.bytes.byte((size << 4) | compactType.struct);
      return;
    }
    this.bytes.byte(0xf0 | compactType.struct);
    this.#varint(size);
  }

  /** Jaeger's field ids never lie 16 or more apart, so the short form always fits. */
  #field(id: number, type: number): void {
    this.bytes.byte(((id - this.#lastFieldId) << 4) | type);
    this.#lastFieldId = id;
  }

  #string(value: string): void {
    this.bytes.utf8(value, this.#writeLength);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.bytes.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.bytes.byte(rest);
  }
}

const binaryType = { bool: 2, double: 4, int32: 8, int64: 10, string: 11, struct: 12, list: 15 } as const;

/** https://github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md, in its strict form. */
export class BinaryWriter implements ThriftWriter {
  readonly bytes = new ByteWriter();
  readonly #writeLength = (bytes: number) => this.bytes.int32(bytes);

  onewayMessage(name: string): void {
    this.bytes.int32(0x80010000 | ONEWAY);
    this.#string(name);
    this.bytes.int32(0);
  }

  beginStruct(): void {}

  endStruct(): void {
    this.bytes.byte(0);
  }

  structField(id: number): void {
    this.#field(id, binaryType.struct);
  }

  stringField(id: number, value: string): void {
    this.#field(id, binaryType.string);
    this.#string(value);
  }

  boolField(id: number, value: boolean): void {
    this.#field(id, binaryType.bool);
    this.bytes.byte(value ? 1 : 0);
  }

  int32Field(id: number, value: number): void {
    this.#field(id, binaryType.int32);
    this.bytes.int32(value);
  }

  int64Field(id: number, { high, low }: Int64): void {
    this.#field(id, binaryType.int64);
    this.bytes.int32(high);
    this.bytes.int32(low);
  }

  doubleField(id: number, value: number): void {
    this.#field(id, binaryType.double);
    this.bytes.doubleBE(value);
  }

  structListField(id: number, size: number): void {
    this.#field(id, binaryType.list);
    this.bytes.byte(binaryType.struct);
    this.bytes.int32(size);
  }

  #field(id: number, type: number): void {
    this.bytes.byte(type);
    this.bytes.int16(id);
  }

  #string(value: string): void {
    this.bytes.utf8(value, this.#writeLength);
  }
}
