import { tracing } from '@opentelemetry/sdk-node';
import { z } from 'zod';
import { RateLimitingSampler } from './rate-limiting-sampler.js';

const FETCH_EVERY_MS = 60_000;
const FETCH_TIMEOUT_MS = 5_000;
const ANSWER_LENGTH_MAX = 1_000_000;

/** As many as Jaeger's own clients keep. */
const OPERATIONS_MAX = 2_000;
const REASON_LENGTH_MAX = 500;

const probabilisticSampling = z.object({ samplingRate: z.number().min(0).max(1).default(0) });

/** Jaeger's answer (https://github.com/jaegertracing/jaeger-idl/blob/main/proto/api_v2/sampling.proto). */
const strategySchema = z.object({
  strategyType: z.union([z.enum(['PROBABILISTIC', 'RATE_LIMITING']), z.literal([0, 1])]).default('PROBABILISTIC'),
  probabilisticSampling: probabilisticSampling.nullish(),
  rateLimitingSampling: z.object({ maxTracesPerSecond: z.number().min(0).default(0) }).nullish(),
  operationSampling: z
    .object({
      defaultSamplingProbability: z.number().min(0).max(1).default(0),
      defaultLowerBoundTracesPerSecond: z.number().min(0).default(0),
      perOperationStrategies: z
        .array(z.object({ operation: z.string(), probabilisticSampling }))
        .max(OPERATIONS_MAX)
        .nullish(),
    })
    .nullish(),
});

export interface RemoteSamplerOptions {
  /** `http://jaeger:5778/sampling` */
  readonly endpoint: string;
  readonly serviceName: string;
  /** Samples until there is a strategy. */
  readonly initial: tracing.Sampler;
  /** Called with the reason when Jaeger begins to fail. */
  readonly warn: (reason: string) => void;
}

/**
 * Samples by Jaeger's strategy (https://www.jaegertracing.io/docs/1.76/sampling/#remote-sampling), fetched at once and then
 * every minute. While Jaeger does not answer the last strategy stays.
 *
 * OpenTelemetry's own remote sampler asks only after the first minute and knows no rate limits.
 */
export class RemoteSampler implements tracing.Sampler {
  readonly #options: RemoteSamplerOptions;
  #current: tracing.Sampler;
  #known = '';
  #isFailing = false;

  constructor(options: RemoteSamplerOptions) {
    this.#options = options;
    this.#current = options.initial;
  }

  /** Fetches now and every minute. Resolves after the first fetch, successful or not. */
  async start(): Promise<void> {
    setInterval(() => void this.#refresh(), FETCH_EVERY_MS).unref();
    await this.#refresh();
  }

  shouldSample(...span: Parameters<tracing.Sampler['shouldSample']>): tracing.SamplingResult {
    return this.#current.shouldSample(...span);
  }

  toString(): string {
    return `Remote{${this.#current}}`;
  }

  async #refresh(): Promise<void> {
    try {
      const text = await this.#fetch();
      // An unchanged strategy keeps the credits of its rate limits.
      if (text !== this.#known) this.#current = createStrategy(strategySchema.parse(JSON.parse(text)));
      this.#known = text;
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#options.warn(describe(error).slice(0, REASON_LENGTH_MAX));
      this.#isFailing = true;
    }
  }

  async #fetch(): Promise<string> {
    const url = new URL(this.#options.endpoint);
    url.searchParams.set('service', this.#options.serviceName);
    // fetch() refuses a URL with credentials, with a message that repeats the password.
    const { username, password } = url;
    url.username = '';
    url.password = '';
    const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString(
      'base64',
    );
    const response = await fetch(url, {
      headers: username === '' ? {} : { Authorization: `Basic ${credentials}` },
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (text.length > ANSWER_LENGTH_MAX) throw new Error(`réponse de plus de ${ANSWER_LENGTH_MAX} caractères`);
    }
    return text;
  }
}

function createStrategy({
  strategyType,
  operationSampling,
  probabilisticSampling,
  rateLimitingSampling,
}: z.infer<typeof strategySchema>): tracing.Sampler {
  if (operationSampling) {
    const { defaultSamplingProbability, defaultLowerBoundTracesPerSecond, perOperationStrategies } = operationSampling;
    const create = (probability: number) => new GuaranteedSampler(probability, defaultLowerBoundTracesPerSecond);
    return new OperationSampler(
      new Map(
        (perOperationStrategies ?? []).map(({ operation, probabilisticSampling: { samplingRate } }) => [
          operation,
          create(samplingRate),
        ]),
      ),
      create(defaultSamplingProbability),
    );
  }
  if (strategyType === 'RATE_LIMITING' || strategyType === 1) {
    return new RateLimitingSampler(rateLimitingSampling?.maxTracesPerSecond ?? 0);
  }
  return new tracing.TraceIdRatioBasedSampler(probabilisticSampling?.samplingRate ?? 0);
}

/** Samples with a probability, and at least its bound of traces a second. */
class GuaranteedSampler implements tracing.Sampler {
  readonly #probabilistic: tracing.Sampler;
  readonly #lowerBound: RateLimitingSampler;

  constructor(probability: number, lowerBoundTracesPerSecond: number) {
    this.#probabilistic = new tracing.TraceIdRatioBasedSampler(probability);
    this.#lowerBound = new RateLimitingSampler(lowerBoundTracesPerSecond);
  }

  shouldSample(...span: Parameters<tracing.Sampler['shouldSample']>): tracing.SamplingResult {
    const atLeast = this.#lowerBound.shouldSample();
    const result = this.#probabilistic.shouldSample(...span);
    return result.decision === tracing.SamplingDecision.RECORD_AND_SAMPLED ? result : atLeast;
  }

  toString(): string {
    return `Guaranteed{${this.#probabilistic}, ${this.#lowerBound}}`;
  }
}

/** An operation is a span's name: `GET /products/:id`, `products.list`. */
class OperationSampler implements tracing.Sampler {
  readonly #samplers: ReadonlyMap<string, tracing.Sampler>;
  readonly #fallback: tracing.Sampler;

  constructor(samplers: ReadonlyMap<string, tracing.Sampler>, fallback: tracing.Sampler) {
    this.#samplers = samplers;
    this.#fallback = fallback;
  }

  shouldSample(...span: Parameters<tracing.Sampler['shouldSample']>): tracing.SamplingResult {
    const [, , name] = span;
    return (this.#samplers.get(name) ?? this.#fallback).shouldSample(...span);
  }

  toString(): string {
    return `PerOperation{${this.#samplers.size}, ${this.#fallback}}`;
  }
}

function describe(error: unknown): string {
  if (error instanceof z.ZodError) return `réponse inattendue : ${z.prettifyError(error)}`;
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
