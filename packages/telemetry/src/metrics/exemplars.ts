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

  /** @param series the values of the histogram's labels */
  record(series: readonly unknown[], exemplar: Exemplar): void {
    this.#recordFor(series.join('\0'), exemplar);
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

  merge(list: ExemplarList): void {
    for (const [series, exemplars] of list) for (const exemplar of exemplars) this.#recordFor(series, exemplar);
  }

  #recordFor(series: string, exemplar: Exemplar): void {
    const found = this.#upperBounds.findIndex((bound) => exemplar.value <= bound);
    const bucket = found === -1 ? this.#upperBounds.length : found;
    let exemplars = this.#bySeries.get(series);
    if (exemplars === undefined) {
      exemplars = [];
      this.#bySeries.set(series, exemplars);
    }
    if ((exemplars[bucket]?.timestampSeconds ?? 0) <= exemplar.timestampSeconds) exemplars[bucket] = exemplar;
  }
}

/** The exemplars of each series; the value of each tells its bucket. */
export type ExemplarList = readonly (readonly [series: string, exemplars: readonly Exemplar[]])[];
