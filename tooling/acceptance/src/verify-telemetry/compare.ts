/** The problem of a value that is not the expected one, if it is not. */
export function compare(name: string, actual: unknown, expected: unknown): string[] {
  return actual === expected ? [] : [`${name}: ${actual} instead of ${expected}`];
}

/** The difference of a list from the expected one, in any order: `spans: +1 db_query_products`. */
export function compareCounts(name: string, actual: readonly string[], expected: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const item of actual) counts.set(item, (counts.get(item) ?? 0) + 1);
  for (const item of expected) counts.set(item, (counts.get(item) ?? 0) - 1);
  return [...counts]
    .filter(([, difference]) => difference !== 0)
    .map(([item, difference]) => `${name}: ${difference > 0 ? '+' : ''}${difference} ${item}`);
}
