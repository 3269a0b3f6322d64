/** A request that a bucket counts, to be looked at in the tracing backend. */
export interface Exemplar {
  readonly traceId: string;
  readonly value: number;
  /** Unix time. */
  readonly timestampSeconds: number;
}

/** The latest exemplar of each bucket of each series of one histogram. */
export class Exemplars {
  readonly #upperBounds: readonly number[];
  readonly #bySeries = new Map<string, Exemplar[]>();

  /** @param upperBounds of the buckets, ascending, without the infinite one */
  constructor(upperBounds: readonly number[]) {
    this.#upperBounds = upperBounds;
  }

  /** @param series the values of the histogram's labels */
  record(series: readonly unknown[], exemplar: Exemplar): void {
    const key = series.join('\0');
    const bucket = this.#upperBounds.findIndex((bound) => exemplar.value <= bound);
    let exemplars = this.#bySeries.get(key);
    if (exemplars === undefined) {
      exemplars = [];
      this.#bySeries.set(key, exemplars);
    }
    exemplars[bucket === -1 ? this.#upperBounds.length : bucket] = exemplar;
  }

  /** @param upperBound as the bucket's `le` label has it */
  find(series: readonly unknown[], upperBound: number | string): Exemplar | undefined {
    const bucket = upperBound === '+Inf' ? this.#upperBounds.length : this.#upperBounds.indexOf(Number(upperBound));
    return this.#bySeries.get(series.join('\0'))?.[bucket];
  }
}
