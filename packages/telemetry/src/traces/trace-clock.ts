import type { HrTime } from '@opentelemetry/api';

/** `Date.now()` cuts off a fraction of a millisecond; beyond this, it has been set or has drifted. */
const DRIFT_MS_MAX = 2;

/** The wall clock at the zero of `performance.now()`, in milliseconds. */
let origin = performance.timeOrigin;

/**
 * The clock of one trace: wall time to the microsecond, at its start, and from then on monotonic. The SDK's own starts are to
 * the millisecond and its durations by another clock, so that a child can end after its parent.
 */
export class TraceClock {
  readonly #origin: number;

  constructor() {
    const drift = Date.now() - (origin + performance.now());
    if (Math.abs(drift) > DRIFT_MS_MAX) origin += drift;
    this.#origin = origin;
  }

  now(): HrTime {
    const microseconds = Math.floor((this.#origin + performance.now()) * 1_000);
    const seconds = Math.floor(microseconds / 1_000_000);
    return [seconds, (microseconds - seconds * 1_000_000) * 1_000];
  }
}
