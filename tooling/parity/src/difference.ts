/** Of what the two services differ in. */
export const aspects = ['status', 'header', 'body', 'metric', 'log'] as const;
export type Aspect = (typeof aspects)[number];

export interface Difference {
  /** The request's, or `(all)` for metrics. */
  readonly subject: string;
  readonly aspect: Aspect;
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
  of: Pick<Difference, 'subject' | 'aspect'>,
): Difference[] {
  const names = [...new Set([...a.keys(), ...b.keys()])].sort();
  return names
    .map((name) => ({ ...of, name, a: a.get(name) ?? null, b: b.get(name) ?? null }))
    .filter((difference) => difference.a !== difference.b);
}
