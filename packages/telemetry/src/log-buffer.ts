import sonicBoom from 'sonic-boom';

/** Where lines go; pino's destination, or anything that takes one line a call. */
export interface LogDestination {
  /** @param client address of the client whose request the line is about */
  write(line: string, client?: string): void;
  on?(event: 'drop' | 'close' | 'error', listener: (lines: string) => void): unknown;
  end?(): void;
}

/** Lines are buffered for so long, up to this length: a write costs as much as several lines. */
const FLUSH_EVERY_MS = 10;
const FLUSH_LENGTH = 4_096;

/** Lines kept in memory for a reader of stdout that does not keep up; further lines are dropped. */
const BUFFERED_BYTES_MAX = 1_048_576;
/** With so much in memory, one client's lines are dropped before they take the place of others'. */
const CROWDED_BYTES = BUFFERED_BYTES_MAX / 2;
const CLIENT_LENGTH_MAX = 65_536;

/**
 * Writes to stdout: asynchronously, so that a stalled reader does not stop the service, and from a bounded memory.
 * sonic-boom's own timer would wake an idle process 100 times a second.
 */
export function createLogBuffer(): LogDestination {
  const stdout = new sonicBoom.SonicBoom({ fd: 1, sync: false, maxLength: BUFFERED_BYTES_MAX });
  const dropListeners: ((lines: string) => void)[] = [];
  let lines = '';
  let timer: NodeJS.Timeout | undefined;
  /** Bytes that stdout has not taken. */
  let pendingBytes = 0;
  /** Length of each client's lines since the memory became crowded. */
  const clientLengths = new Map<string, number>();

  stdout.on('write', (bytes) => {
    pendingBytes -= bytes;
    if (pendingBytes < CROWDED_BYTES / 2) clientLengths.clear();
  });
  stdout.on('drop', (dropped) => {
    pendingBytes -= Buffer.byteLength(dropped);
    for (const listener of dropListeners) listener(dropped);
  });

  const isBeyondShare = (line: string, client: string | undefined) => {
    if (client === undefined || pendingBytes < CROWDED_BYTES) return false;
    const length = (clientLengths.get(client) ?? 0) + line.length;
    if (length > CLIENT_LENGTH_MAX) return true;
    clientLengths.set(client, length);
    return false;
  };
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (lines === '') return;
    pendingBytes += Buffer.byteLength(lines);
    stdout.write(lines);
    lines = '';
  };
  return {
    write: (line, client) => {
      if (isBeyondShare(line, client)) {
        for (const listener of dropListeners) listener(line);
        return;
      }
      lines += line;
      if (lines.length > FLUSH_LENGTH) flush();
      else timer ??= setTimeout(flush, FLUSH_EVERY_MS);
    },
    on: (event, listener) => (event === 'drop' ? dropListeners.push(listener) : stdout.on(event, listener)),
    end: () => {
      flush();
      stdout.end();
    },
  };
}
