import { boolean, choice, integer, number, type Problem, secret, text, url } from '@products/environment';

const TRACES_PER_SECOND_MAX = 1_000_000;

/** The variables of telemetry. The preload reads them before the service does; the service reports their problems. */
export const telemetryEnvironment = {
  JAEGER_AGENT_HOST: text().default('jaeger'),
  JAEGER_AGENT_PORT: integer(1, 65_535).default(6_831),
  JAEGER_ENDPOINT: secret(url()).optional(),
  JAEGER_SERVICE_NAME: text().default('backend-service'),
  JAEGER_SAMPLER_TYPE: choice(['const', 'probabilistic', 'ratelimiting', 'remote']).default('const'),
  JAEGER_SAMPLER_PARAM: number(0, TRACES_PER_SECOND_MAX).default(1),
  JAEGER_SAMPLING_ENDPOINT: secret(url()).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: secret(url()).optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: secret(url()).optional(),
  TRACE_CONTEXT: choice(['accept', 'ignore']).default('accept'),
  OTEL_SDK_DISABLED: boolean().default(false),
} as const;

/** The problem of a parameter that its sampler does not allow; `ratelimiting` allows the whole range of the variable. */
export function findSamplerProblem(sampler: {
  readonly JAEGER_SAMPLER_TYPE: string;
  readonly JAEGER_SAMPLER_PARAM: number;
}): Problem | undefined {
  const { JAEGER_SAMPLER_TYPE: type, JAEGER_SAMPLER_PARAM: param } = sampler;
  const variable = 'JAEGER_SAMPLER_PARAM';
  if (type === 'const' && param !== 0 && param !== 1) {
    return { variable, message: `${variable}="${param}" (attendu : 0 ou 1 pour JAEGER_SAMPLER_TYPE=const)` };
  }
  if ((type === 'probabilistic' || type === 'remote') && param > 1) {
    return { variable, message: `${variable}="${param}" (attendu : nombre de 0 à 1 pour JAEGER_SAMPLER_TYPE=${type})` };
  }
  return undefined;
}
