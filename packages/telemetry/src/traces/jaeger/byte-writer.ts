const INITIAL_BYTES = 65_536;

/** Up to this length, a loop is faster than a call of the system's encoder. */
const SHORT_LENGTH = 40;

/** A buffer that grows, and can be taken back to an earlier length. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Drops the bytes beyond this length. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** A copy of the bytes. */
  toBuffer(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#length));
  }

  /** The bytes between two lengths; valid until the next write. */
  view(from: number, to: number): Buffer {
    return this.#buffer.subarray(from, to);
  }

  append(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  int16(value: number): void {
    this.#reserve(2);
    this.#length = this.#buffer.writeInt16BE(value, this.#length);
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeInt32BE(value, this.#length);
  }

  doubleBE(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleBE(value, this.#length);
  }

  doubleLE(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  /** @param writeLength writes the number of bytes before them */
  utf8(text: string, writeLength: (bytes: number) => void): void {
    if (text.length <= SHORT_LENGTH && isAscii(text)) {
      writeLength(text.length);
      this.#reserve(text.length);
      for (let index = 0; index < text.length; index += 1) this.#buffer[this.#length++] = text.charCodeAt(index);
      return;
    }
    const bytes = Buffer.byteLength(text);
    writeLength(bytes);
    this.#reserve(bytes);
    this.#length += this.#buffer.write(text, this.#length, bytes, 'utf8');
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}
