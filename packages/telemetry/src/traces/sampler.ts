import { SpanKind } from '@opentelemetry/api';
import { tracing } from '@opentelemetry/sdk-node';
import { RateLimitingSampler } from './rate-limiting-sampler.js';

export interface SamplerSettings {
  readonly JAEGER_SAMPLER_TYPE: 'const' | 'probabilistic' | 'ratelimiting';
  readonly JAEGER_SAMPLER_PARAM: number;
}

/** Routes that monitoring asks all the time and nobody wants to see traced. */
const UNTRACED_PATHS: ReadonlySet<unknown> = new Set(['/metrics', '/livez', '/readyz']);

/** The parent's decision where there is a parent, the configured one elsewhere, and never a monitoring route. */
export function createSampler(settings: SamplerSettings): tracing.Sampler {
  const sampler = new tracing.ParentBasedSampler({ root: createRootSampler(settings) });
  return {
    shouldSample: (...span) => {
      const [, , , kind, attributes] = span;
      const isUntraced = kind === SpanKind.SERVER && UNTRACED_PATHS.has(attributes['url.path']);
      return isUntraced ? { decision: tracing.SamplingDecision.NOT_RECORD } : sampler.shouldSample(...span);
    },
    toString: () => `ExceptMonitoring{${sampler}}`,
  };
}

function createRootSampler({ JAEGER_SAMPLER_TYPE: type, JAEGER_SAMPLER_PARAM: param }: SamplerSettings) {
  if (type === 'probabilistic') return new tracing.TraceIdRatioBasedSampler(param);
  if (type === 'ratelimiting') return new RateLimitingSampler(param);
  return param > 0 ? new tracing.AlwaysOnSampler() : new tracing.AlwaysOffSampler();
}
