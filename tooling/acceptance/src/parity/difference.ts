/** The kinds of difference between two services. */
export const kinds = ['status', 'header', 'body', 'metric', 'log'] as const;
export type Kind = (typeof kinds)[number];

export interface Difference {
  /** The request's name, or `(all)` for metrics. */
  readonly request: string;
  readonly kind: Kind;
  /** Of the header, field (`$.items[].id`), metric or log message; empty for the status. */
  readonly name: string;
  /** As text; null where there is none. */
  readonly a: string | null;
  readonly b: string | null;
}

/** The entries in which two maps differ. */
export function diffMaps(
  a: ReadonlyMap<string, string>,
  b: ReadonlyMap<string, string>,
  of: Pick<Difference, 'request' | 'kind'>,
): Difference[] {
  const names = [...new Set([...a.keys(), ...b.keys()])].sort();
  return names
    .map((name) => ({ ...of, name, a: a.get(name) ?? null, b: b.get(name) ?? null }))
    .filter((difference) => difference.a !== difference.b);
}
