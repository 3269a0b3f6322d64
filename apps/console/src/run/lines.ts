/** Longest line that is looked at; the rest of a longer one is passed through and not shown. */
const LINE_BYTES_MAX = 1_048_576;

/** Cuts what a program writes into lines, whatever its chunks are. */
export class LineSplitter {
  readonly #take: (lines: string[]) => void;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(take: (lines: string[]) => void) {
    this.#take = take;
  }

  write(chunk: Buffer): void {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      this.#add(chunk.subarray(start, end));
      lines.push(this.#line());
      start = end + 1;
    }
    this.#add(chunk.subarray(start));
    if (lines.length > 0) this.#take(lines);
  }

  /** The last line, if it has no end. */
  end(): void {
    if (this.#bytes > 0) this.#take([this.#line()]);
  }

  #add(part: Buffer): void {
    const room = LINE_BYTES_MAX - this.#bytes;
    if (room > 0 && part.length > 0) this.#parts.push(part.subarray(0, room));
    this.#bytes += part.length;
  }

  #line(): string {
    const text = Buffer.concat(this.#parts).toString('utf8').replace(/\r$/, '');
    const cut = this.#bytes - LINE_BYTES_MAX;
    this.#parts = [];
    this.#bytes = 0;
    return cut > 0 ? `${text}… (${cut} bytes more)` : text;
  }
}
