// biome-ignore lint/style/noProcessEnv: how long to go on is up to who starts the tests.
const isSoak = process.env['SOAK'] !== undefined;

/** How many, how long or how often: less in the gate than in `pnpm test:soak`. */
export function inGateOrSoak(gate: number, soak: number): number {
  return isSoak ? soak : gate;
}

/** Time for a test that may be a long one. */
export const SOAK_TIMEOUT_MS = inGateOrSoak(120_000, 3_600_000);

/** Prints a measured figure. */
export function report(figure: string): void {
  process.stdout.write(`  ${figure}\n`);
}

/** The value below which this share of the values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
