import { setTimeout as sleep } from 'node:timers/promises';
import { followLogFile, type LogLine, type ReadLines, readUntilQuiet } from '../log-file.js';

/** How long a service without trace ids may take to write a request's last line. */
const QUIET_MS = 100;
const WITHIN_MS = 2_000;

/** The log lines of each request of a service: by their trace id, or by their order where no line names a trace. */
export class RequestLines {
  readonly #read: ReadLines;
  /** Where the lines of each request end. */
  readonly #ends: number[] = [];

  constructor(file: string) {
    this.#read = followLogFile(file);
  }

  /** Whether the lines of requests name no trace, so that only their order tells whose they are. */
  get isOrdered(): boolean {
    const ofRequests = this.#read().filter(({ method }) => method !== undefined);
    return ofRequests.length > 0 && ofRequests.every((line) => line['trace_id'] === undefined);
  }

  /** Called after each answer. Returns the request's place among all. */
  async mark(): Promise<number> {
    if (this.#ends.length === 0 || this.isOrdered) await this.#waitForLines();
    return this.#ends.push(this.#read().length) - 1;
  }

  /** Waits for the last lines. */
  async settle(): Promise<void> {
    await readUntilQuiet(this.#read);
  }

  of(traceId: string, index: number): readonly LogLine[] {
    const lines = this.#read();
    if (!this.isOrdered) return lines.filter((line) => isSameId(line['trace_id'], traceId));
    return lines.slice(index === 0 ? 0 : this.#ends[index - 1], this.#ends[index]);
  }

  async #waitForLines(): Promise<void> {
    const deadline = performance.now() + WITHIN_MS;
    for (let count = -1; count !== this.#read().length && performance.now() < deadline; ) {
      count = this.#read().length;
      await sleep(QUIET_MS);
    }
  }
}

/** A trace id is a number, written with zeros in front by some and without by others. */
function isSameId(a: unknown, b: string): boolean {
  return typeof a === 'string' && /^[0-9a-f]+$/i.test(a) && BigInt(`0x${a}`) === BigInt(`0x${b}`);
}
