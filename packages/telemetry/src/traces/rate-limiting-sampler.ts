import { tracing } from '@opentelemetry/sdk-node';

/** Samples at most this many traces a second, and saves up no more than a second's worth: Jaeger's leaky bucket. */
export class RateLimitingSampler implements tracing.Sampler {
  readonly #tracesPerSecond: number;
  readonly #creditsMax: number;
  #credits: number;
  #updatedAt = performance.now();

  constructor(tracesPerSecond: number) {
    this.#tracesPerSecond = tracesPerSecond;
    this.#creditsMax = Math.max(tracesPerSecond, 1);
    this.#credits = tracesPerSecond > 0 ? this.#creditsMax : 0;
  }

  shouldSample(): tracing.SamplingResult {
    const now = performance.now();
    const earned = ((now - this.#updatedAt) / 1_000) * this.#tracesPerSecond;
    this.#updatedAt = now;
    this.#credits = Math.min(this.#credits + earned, this.#creditsMax);
    if (this.#credits < 1) return { decision: tracing.SamplingDecision.NOT_RECORD };
    this.#credits -= 1;
    return { decision: tracing.SamplingDecision.RECORD_AND_SAMPLED };
  }

  toString(): string {
    return `RateLimiting{${this.#tracesPerSecond}}`;
  }
}
