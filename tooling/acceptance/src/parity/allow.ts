import { readFileSync } from 'node:fs';
import { type Difference, type Kind, kinds } from './difference.js';

/** One text or several, of which one has to fit; `*` stands for anything, null for none. */
type Pattern = string | null | readonly (string | null)[];

/** Differences that are intended. A key that is left out fits anything. */
export interface AllowedDifference {
  readonly reason: string;
  /** Who notices. */
  readonly affects?: string;
  readonly kind: Kind | readonly Kind[];
  readonly request?: Pattern;
  readonly name?: Pattern;
  readonly a?: Pattern;
  readonly b?: Pattern;
}

/** The first entry that allows a difference. */
export function findAllowance(
  { request, kind, name, a, b }: Difference,
  allowed: readonly AllowedDifference[],
): AllowedDifference | undefined {
  return allowed.find(
    (entry) =>
      [entry.kind].flat().includes(kind) &&
      fits(request, entry.request) &&
      fits(name, entry.name) &&
      fits(a, entry.a) &&
      fits(b, entry.b),
  );
}

function fits(value: string | null, pattern: Pattern | undefined): boolean {
  if (pattern === undefined) return true;
  return [pattern]
    .flat()
    .some((text) => (value === null || text === null ? value === text : matchesWildcards(value, text)));
}

function matchesWildcards(value: string, pattern: string): boolean {
  const literals = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literals.join('.*')}$`, 's').test(value);
}

const keys: ReadonlySet<string> = new Set(['reason', 'affects', 'kind', 'request', 'name', 'a', 'b']);

/** @throws {Error} that names the first entry of the file that is no {@link AllowedDifference}, and its problem */
export function readAllowList(file: string): AllowedDifference[] {
  const entries: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(entries)) throw new Error(`${file}: expected an array of allowed differences`);
  entries.forEach((entry: unknown, index) => {
    const problem = findProblem(entry);
    if (problem !== undefined) throw new Error(`${file}: entry ${index}: ${problem}`);
  });
  return entries as AllowedDifference[];
}

function findProblem(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return 'expected an object';
  const { reason, affects = '', kind, ...patterns } = entry as Record<string, unknown>;
  const unknown = Object.keys(entry).find((key) => !keys.has(key));
  if (unknown !== undefined) return `unknown key "${unknown}", known are ${[...keys].join(', ')}`;
  if (typeof reason !== 'string' || reason.trim() === '') return 'a reason is missing';
  if (typeof affects !== 'string') return 'affects: expected text';
  if (![kind].flat().every((word) => kinds.includes(word as Kind))) {
    return `kind ${JSON.stringify(kind)}, expected ${kinds.join(', ')}, or a list of these`;
  }
  const isPattern = (key: string) => (word: unknown) =>
    typeof word === 'string' || (word === null && (key === 'a' || key === 'b'));
  const wrong = Object.entries(patterns).find(([key, value]) => ![value].flat().every(isPattern(key)));
  return wrong === undefined ? undefined : `${wrong[0]}: expected text or a list of texts`;
}
