import { readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { normaliseMessage, type Volatile } from './normalise.js';

type LogLine = Readonly<Record<string, unknown>>;

const QUIET_MS = 1_000;
const QUIET_WITHIN_MS = 10_000;
/** Of every line, and so no difference. */
const COMMON_FIELDS: ReadonlySet<string> = new Set(['timestamp', 'level', 'service', 'message', 'trace_id', 'span_id']);

/** The lines that a service writes to a file from now on, by trace. */
export class LogFile {
  readonly #file: string;
  readonly #from: number;

  constructor(file: string) {
    this.#file = file;
    this.#from = statSync(file).size;
  }

  /** Waits until the service writes no more. Lines that are not JSON, as of what starts it, are left out. */
  async read(): Promise<(traceId: string) => LogLine[]> {
    const deadline = Date.now() + QUIET_WITHIN_MS;
    for (let size = -1; size !== statSync(this.#file).size && Date.now() < deadline; ) {
      size = statSync(this.#file).size;
      await sleep(QUIET_MS);
    }
    const lines = readFileSync(this.#file)
      .subarray(this.#from)
      .toString()
      .split('\n')
      .filter((text) => text.startsWith('{'))
      .map((text) => JSON.parse(text) as LogLine);
    return (traceId) => lines.filter((line) => isSameId(line['trace_id'], traceId));
  }
}

/** A trace id is a number, which some write with zeros in front and some without. */
function isSameId(a: unknown, b: string): boolean {
  return typeof a === 'string' && /^[0-9a-f]+$/i.test(a) && BigInt(`0x${a}`) === BigInt(`0x${b}`);
}

/** The level and message of each line, with its further fields: `INFO <n> produits récupérés` → `{count}`. */
export function readLogNames(lines: readonly LogLine[], context: Volatile): Map<string, string> {
  return new Map(lines.map((line) => [nameOf(line, context), `{${furtherFields(line).join(',')}}`]));
}

const nameOf = ({ level, message }: LogLine, context: Volatile) =>
  `${level} ${normaliseMessage(String(message), context)}`;

const furtherFields = (line: LogLine) =>
  Object.keys(line)
    .filter((field) => !COMMON_FIELDS.has(field))
    .sort();
