import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';

const QUIET_MS = 1_000;
const QUIET_WITHIN_MS = 10_000;

/** A parsed line of a service's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** The lines of a log so far. */
export type ReadLines = () => readonly LogLine[];

/** Follows a log file from its present end. Lines that are not JSON, such as pnpm's, are left out. */
export function followLogFile(file: string): ReadLines {
  const lines: LogLine[] = [];
  let position = statSync(file).size;
  // A character may have been written in part.
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return () => {
    const descriptor = openSync(file, 'r');
    const chunk = Buffer.alloc(statSync(file).size - position);
    position += readSync(descriptor, chunk, 0, chunk.length, position);
    closeSync(descriptor);
    const texts = (rest + decoder.write(chunk)).split('\n');
    rest = texts.pop() ?? '';
    lines.push(...texts.filter((text) => text.startsWith('{')).map((text) => JSON.parse(text) as LogLine));
    return lines;
  };
}

/** Waits until the service has written nothing for a second, ten seconds at most. */
export async function readUntilQuiet(read: ReadLines): Promise<readonly LogLine[]> {
  const deadline = performance.now() + QUIET_WITHIN_MS;
  for (let count = -1; count !== read().length && performance.now() < deadline; ) {
    count = read().length;
    await sleep(QUIET_MS);
  }
  return read();
}
