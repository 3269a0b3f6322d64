import { boolean, choice, integer, number, secret, text, url } from '@products/environment';

/** The variables of telemetry. The preload reads them before the service does; the service reports their problems. */
export const telemetryEnvironment = {
  JAEGER_AGENT_HOST: text().default('jaeger'),
  JAEGER_AGENT_PORT: integer(1, 65_535).default(6_831),
  JAEGER_ENDPOINT: secret(url()).optional(),
  JAEGER_SERVICE_NAME: text().default('backend-service'),
  JAEGER_SAMPLER_TYPE: choice(['const', 'probabilistic']).default('const'),
  JAEGER_SAMPLER_PARAM: number(0, 1).default(1),
  OTEL_EXPORTER_OTLP_ENDPOINT: secret(url()).optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: secret(url()).optional(),
  OTEL_SDK_DISABLED: boolean().default(false),
} as const;
