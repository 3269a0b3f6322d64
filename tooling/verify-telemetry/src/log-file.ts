import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { LogLine } from './observe.js';

/** Follows a growing log file from where it ends now. Lines that are not JSON, as of a pnpm in front, are left out. */
export function followLogFile(file: string): () => readonly LogLine[] {
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
