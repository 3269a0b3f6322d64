import { EventEmitter } from 'node:events';
import sonicBoom from 'sonic-boom';

/** Where lines go; pino's destination, or anything that takes one line a call. */
export interface LogDestination {
  /** @param client address of the client whose request the line is about */
  write(line: string, client?: string): void;
  /** Calls `render` once, before what it has is written: the caller has lines that it has not rendered. */
  beforeFlush?(render: () => void): void;
  /** `drop`: lines that were not written; `gone`: no line will be any more. */
  on?(event: 'drop' | 'gone' | 'close', listener: (lines: string) => void): unknown;
  end?(): void;
  /** Lines that wait to be written. */
  readonly waitingLines?: number;
}

/** Lines are buffered for so long, up to this length: a write costs as much as twenty lines. */
const FLUSH_EVERY_MS = 10;
const FLUSH_LENGTH = 16_384;

/** Lines kept in memory for a reader of stdout that does not keep up, or a disk that is full; further lines are dropped. */
const BUFFERED_BYTES_MAX = 32 * 1_048_576;
/** With so much in memory, one client's lines are dropped before they take the place of others'. */
const CROWDED_BYTES = BUFFERED_BYTES_MAX / 2;
const CLIENT_LENGTH_MAX = BUFFERED_BYTES_MAX / 16;

/** How soon a write that failed is tried again. */
const RETRY_EVERY_MS = 100;

/** Failures that do not pass: nobody reads stdout, or it is closed. */
const LASTING: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EBADF', 'EINVAL', 'ECONNRESET', 'ENOTCONN']);

/**
 * Writes to stdout: asynchronously, so that a stalled reader does not stop the service, and from a bounded memory. Lines wait
 * for a reader that hiccups and for a disk that is full; what was begun is then written to its end.
 *
 * sonic-boom's own timer would wake an idle process 100 times a second.
 */
export function createLogBuffer(): LogDestination {
  const stdout = new sonicBoom.SonicBoom({ fd: 1, sync: false, maxLength: BUFFERED_BYTES_MAX });
  const events = new EventEmitter();
  let lines = '';
  let render: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  const waiting = new WaitingText();
  /** Length of each client's lines since the memory became crowded. */
  const clientLengths = new Map<string, number>();

  stdout.on('write', (bytes) => {
    waiting.take(bytes);
    if (waiting.bytes < CROWDED_BYTES / 2) clientLengths.clear();
  });
  stdout.on('drop', (dropped) => {
    waiting.dropLast();
    events.emit('drop', dropped);
  });
  stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (LASTING.has(code)) events.emit('gone');
    // Told to write, it goes on with what it has.
    else
      retry ??= setTimeout(() => {
        retry = undefined;
        stdout.write('');
      }, RETRY_EVERY_MS);
  });
  stdout.on('close', () => {
    clearTimeout(retry);
    events.emit('close');
  });

  const isBeyondShare = (line: string, client: string | undefined) => {
    if (client === undefined || waiting.bytes < CROWDED_BYTES) return false;
    const length = (clientLengths.get(client) ?? 0) + line.length;
    if (length > CLIENT_LENGTH_MAX) return true;
    clientLengths.set(client, length);
    return false;
  };
  const flush = () => {
    const renderNow = render;
    render = undefined;
    renderNow?.();
    clearTimeout(timer);
    timer = undefined;
    if (lines === '') return;
    waiting.add(lines);
    stdout.write(lines);
    lines = '';
  };
  return {
    write: (line, client) => {
      if (isBeyondShare(line, client)) {
        events.emit('drop', line);
        return;
      }
      lines += line;
      if (lines.length > FLUSH_LENGTH) flush();
      else timer ??= setTimeout(flush, FLUSH_EVERY_MS);
    },
    beforeFlush: (callback) => {
      render = callback;
      timer ??= setTimeout(flush, FLUSH_EVERY_MS);
    },
    on: (event, listener) => events.on(event, listener),
    end: () => {
      flush();
      stdout.end();
    },
    get waitingLines() {
      return waiting.lines;
    },
  };
}

/** What stdout has been given and has not taken, by the pieces that it was given. */
class WaitingText {
  readonly #pieces: { bytes: number; readonly lines: number }[] = [];
  #bytes = 0;
  #lines = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** A piece that is taken in part counts as a whole. */
  get lines(): number {
    return this.#lines;
  }

  add(text: string): void {
    const piece = { bytes: Buffer.byteLength(text), lines: countLines(text) };
    this.#pieces.push(piece);
    this.#bytes += piece.bytes;
    this.#lines += piece.lines;
  }

  take(bytes: number): void {
    this.#bytes -= bytes;
    let left = bytes;
    for (let piece = this.#pieces[0]; piece !== undefined && left > 0; piece = this.#pieces[0]) {
      const taken = Math.min(left, piece.bytes);
      piece.bytes -= taken;
      left -= taken;
      if (piece.bytes > 0) return;
      this.#lines -= piece.lines;
      this.#pieces.shift();
    }
  }

  /** The last piece is not to be written. */
  dropLast(): void {
    const piece = this.#pieces.pop();
    if (piece === undefined) return;
    this.#bytes -= piece.bytes;
    this.#lines -= piece.lines;
  }
}

/** Every line ends with a line feed. */
export function countLines(text: string): number {
  let count = 0;
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1)) count += 1;
  return count;
}
