/** A request that a bucket has counted, for a look at its trace. */
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

  /**
   * Takes the place of the bucket's exemplar, whatever the clock says.
   *
   * @param series the values of the histogram's labels
   */
  record(series: readonly unknown[], exemplar: Exemplar): void {
    this.#exemplarsOf(series.join('\0'))[this.#bucketOf(exemplar)] = exemplar;
  }

  /** @param upperBound as the bucket's `le` label has it */
  find(series: readonly unknown[], upperBound: number | string): Exemplar | undefined {
    const bucket = upperBound === '+Inf' ? this.#upperBounds.length : this.#upperBounds.indexOf(Number(upperBound));
    return this.#bySeries.get(series.join('\0'))?.[bucket];
  }

  /** All exemplars, to be merged into those of another process. */
  list(): ExemplarList {
    return [...this.#bySeries].map(([series, exemplars]) => [series, exemplars.filter((each) => each !== undefined)]);
  }

  /** Of two processes' exemplars the later one stays. */
  merge(list: ExemplarList): void {
    for (const [series, others] of list) {
      const exemplars = this.#exemplarsOf(series);
      for (const exemplar of others) {
        const bucket = this.#bucketOf(exemplar);
        if ((exemplars[bucket]?.timestampSeconds ?? 0) <= exemplar.timestampSeconds) exemplars[bucket] = exemplar;
      }
    }
  }

  #bucketOf({ value }: Exemplar): number {
    const found = this.#upperBounds.findIndex((bound) => value <= bound);
    return found === -1 ? this.#upperBounds.length : found;
  }

  #exemplarsOf(series: string): Exemplar[] {
    let exemplars = this.#bySeries.get(series);
    if (exemplars === undefined) {
      exemplars = [];
      this.#bySeries.set(series, exemplars);
    }
    return exemplars;
  }
}

/** The exemplars of each series; the value of each tells its bucket. */
export type ExemplarList = readonly (readonly [series: string, exemplars: readonly Exemplar[]])[];
