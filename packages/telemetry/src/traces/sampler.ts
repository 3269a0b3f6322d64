import { tracing } from '@opentelemetry/sdk-node';
import type { SamplerSettings } from '../settings.js';
import { findDecision } from './propagator.js';
import { RateLimitingSampler } from './rate-limiting-sampler.js';
import { RemoteSampler } from './remote-sampler.js';

/** The port of an agent or a collector that answers sampling strategies. */
const SAMPLING_PORT = 5_778;

/**
 * The parent's decision where there is one, the configured one elsewhere; one of OpenTelemetry's samplers without `parentbased`
 * decides alone.
 *
 * @param warn called with the reason when a remote strategy cannot be fetched
 */
export function createSampler(settings: SamplerSettings, warn: (reason: string) => void): tracing.Sampler {
  const root = createRootSampler(settings, warn);
  const { OTEL_TRACES_SAMPLER: standard } = settings;
  if (standard !== undefined && !standard.startsWith('parentbased_')) return root;
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
  const { OTEL_TRACES_SAMPLER: standard, OTEL_TRACES_SAMPLER_ARG: ratio } = settings;
  if (standard?.endsWith('always_on')) return new tracing.AlwaysOnSampler();
  if (standard?.endsWith('always_off')) return new tracing.AlwaysOffSampler();
  if (standard !== undefined) return new tracing.TraceIdRatioBasedSampler(ratio);
  const { JAEGER_SAMPLER_TYPE: type, JAEGER_SAMPLER_PARAM: param } = settings;
  if (type === 'probabilistic') return new tracing.TraceIdRatioBasedSampler(param);
  if (type === 'ratelimiting') return new RateLimitingSampler(param);
  if (type === 'remote') {
    const sampler = new RemoteSampler({
      endpoint: settings.JAEGER_SAMPLING_ENDPOINT ?? `http://${settings.JAEGER_AGENT_HOST}:${SAMPLING_PORT}/sampling`,
      serviceName: settings.serviceName,
      initial: new tracing.TraceIdRatioBasedSampler(param),
      warn,
    });
    void sampler.start();
    return sampler;
  }
  return param > 0 ? new tracing.AlwaysOnSampler() : new tracing.AlwaysOffSampler();
}
