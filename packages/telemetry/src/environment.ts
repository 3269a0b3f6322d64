import {
  boolean,
  choice,
  integer,
  keyValues,
  list,
  milliseconds,
  number,
  type Problem,
  secret,
  text,
  url,
} from '@products/environment';

const TRACES_PER_SECOND_MAX = 1_000_000;

/** The samplers that OpenTelemetry names (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). */
const standardSamplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** The propagators that OpenTelemetry names, as far as they are here; `b3` and `b3multi` are read alike. */
const standardPropagators = ['tracecontext', 'baggage', 'jaeger', 'b3', 'b3multi', 'none'] as const;

/** The variables of telemetry. The preload reads them before the service does; the service reports their problems. */
export const telemetryEnvironment = {
  JAEGER_AGENT_HOST: text().default('jaeger'),
  JAEGER_AGENT_PORT: integer(1, 65_535).default(6_831),
  JAEGER_ENDPOINT: secret(url()).optional(),
  JAEGER_USER: text().optional(),
  JAEGER_PASSWORD: secret(text()).optional(),
  JAEGER_AUTH_TOKEN: secret(text()).optional(),
  JAEGER_SERVICE_NAME: text().default('backend-service'),
  JAEGER_TAGS: keyValues().optional(),
  JAEGER_SAMPLER_TYPE: choice(['const', 'probabilistic', 'ratelimiting', 'remote']).default('const'),
  JAEGER_SAMPLER_PARAM: number(0, TRACES_PER_SECOND_MAX).default(1),
  JAEGER_SAMPLING_ENDPOINT: secret(url()).optional(),
  JAEGER_DISABLED: boolean().default(false),
  OTEL_EXPORTER_OTLP_ENDPOINT: secret(url()).optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: secret(url()).optional(),
  OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: secret(url()).optional(),
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: secret(url()).optional(),
  OTEL_TRACES_EXPORTER: choice(['otlp', 'none']).optional(),
  OTEL_LOGS_EXPORTER: choice(['otlp', 'none']).default('none'),
  OTEL_METRICS_EXPORTER: choice(['otlp', 'none']).default('none'),
  OTEL_TRACES_SAMPLER: choice(standardSamplers).optional(),
  OTEL_TRACES_SAMPLER_ARG: number(0, 1).default(1),
  OTEL_PROPAGATORS: list(standardPropagators.join(', '), (word) =>
    (standardPropagators as readonly string[]).includes(word),
  ).default(['tracecontext', 'baggage', 'jaeger', 'b3']),
  OTEL_SERVICE_NAME: text().optional(),
  OTEL_RESOURCE_ATTRIBUTES: keyValues().optional(),
  OTEL_BSP_SCHEDULE_DELAY: milliseconds(0, 3_600_000).default(1_000),
  OTEL_BSP_EXPORT_TIMEOUT: milliseconds(1, 3_600_000).default(10_000),
  OTEL_BSP_MAX_QUEUE_SIZE: integer(1, 1_000_000).default(8_192),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: integer(1, 1_000_000).default(512),
  OTEL_BLRP_SCHEDULE_DELAY: milliseconds(1, 3_600_000).default(1_000),
  OTEL_BLRP_EXPORT_TIMEOUT: milliseconds(1, 3_600_000).default(10_000),
  OTEL_BLRP_MAX_QUEUE_SIZE: integer(1, 1_000_000).default(8_192),
  OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: integer(1, 1_000_000).default(512),
  OTEL_METRIC_EXPORT_INTERVAL: milliseconds(100, 3_600_000).default(60_000),
  OTEL_METRIC_EXPORT_TIMEOUT: milliseconds(1, 3_600_000).default(10_000),
  OTEL_SDK_DISABLED: boolean().default(false),
  TRACE_CONTEXT: choice(['accept', 'ignore']).default('accept'),
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
