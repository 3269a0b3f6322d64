import { tracing } from '@opentelemetry/sdk-node';
import { findDecision } from './propagator.js';
import { RateLimitingSampler } from './rate-limiting-sampler.js';
import { RemoteSampler } from './remote-sampler.js';

export interface SamplerSettings {
  readonly JAEGER_SAMPLER_TYPE: 'const' | 'probabilistic' | 'ratelimiting' | 'remote';
  readonly JAEGER_SAMPLER_PARAM: number;
  readonly JAEGER_SAMPLING_ENDPOINT?: string | undefined;
  readonly JAEGER_AGENT_HOST: string;
  readonly JAEGER_SERVICE_NAME: string;
}

/** The port of an agent or a collector that answers sampling strategies. */
const SAMPLING_PORT = 5_778;

/**
 * The parent's decision where there is one, the configured one elsewhere.
 *
 * @param warn called with the reason when a remote strategy cannot be fetched
 */
export function createSampler(settings: SamplerSettings, warn: (reason: string) => void): tracing.Sampler {
  const root = createRootSampler(settings, warn);
  const sampler = new tracing.ParentBasedSampler({ root });
  const deciders = {
    parent: sampler,
    defer: root,
    accept: new tracing.AlwaysOnSampler(),
    deny: new tracing.AlwaysOffSampler(),
  };
  return {
    shouldSample: (...span) => {
      const [parent] = span;
      return deciders[findDecision(parent) ?? 'parent'].shouldSample(...span);
    },
    toString: () => String(sampler),
  };
}

function createRootSampler(settings: SamplerSettings, warn: (reason: string) => void): tracing.Sampler {
  const { JAEGER_SAMPLER_TYPE: type, JAEGER_SAMPLER_PARAM: param } = settings;
  if (type === 'probabilistic') return new tracing.TraceIdRatioBasedSampler(param);
  if (type === 'ratelimiting') return new RateLimitingSampler(param);
  if (type === 'remote') {
    const sampler = new RemoteSampler({
      endpoint: settings.JAEGER_SAMPLING_ENDPOINT ?? `http://${settings.JAEGER_AGENT_HOST}:${SAMPLING_PORT}/sampling`,
      serviceName: settings.JAEGER_SERVICE_NAME,
      initial: new tracing.TraceIdRatioBasedSampler(param),
      warn,
    });
    void sampler.start();
    return sampler;
  }
  return param > 0 ? new tracing.AlwaysOnSampler() : new tracing.AlwaysOffSampler();
}
