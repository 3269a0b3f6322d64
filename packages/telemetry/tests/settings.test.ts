import { describe, expect, it } from 'vitest';
import { readTracing } from '../src/settings.js';

const settingsOf = (environment: Readonly<Record<string, string>>) => readTracing(environment).settings;
const unusedOf = (environment: Readonly<Record<string, string>>) =>
  readTracing(environment).unused.map(({ variable }) => variable);

describe('spans go', () => {
  it.each([
    [{}, { kind: 'agent', host: 'jaeger', port: 6_831 }],
    [
      { JAEGER_AGENT_HOST: 'a', JAEGER_AGENT_PORT: '6832' },
      { kind: 'agent', host: 'a', port: 6_832 },
    ],
    // Kubernetes' link to a Service called jaeger-agent.
    [{ JAEGER_AGENT_PORT: 'udp://10.0.0.7:5775' }, { kind: 'agent', host: 'jaeger', port: 6_831 }],
    [{ JAEGER_ENDPOINT: 'http://c/api/traces' }, { kind: 'collector', url: 'http://c/api/traces' }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/' }, { kind: 'otlp', url: 'http://c:4318/v1/traces' }],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/x' }, { kind: 'otlp', url: 'http://c/x' }],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', JAEGER_ENDPOINT: 'http://d/api/traces' },
      { kind: 'otlp', url: 'http://c/v1/traces' },
    ],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, { kind: 'otlp', url: 'http://localhost:4318/v1/traces' }],
    [{ OTEL_TRACES_EXPORTER: 'none', JAEGER_ENDPOINT: 'http://d/' }, { kind: 'none' }],
  ])('with %j to %j', (environment, receiver) => {
    expect(settingsOf(environment as Record<string, string>).receiver).toEqual(expect.objectContaining(receiver));
  });

  const basic = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
  it.each([
    [{ JAEGER_ENDPOINT: 'http://user:p%40ss@c/api/traces' }, basic],
    [{ JAEGER_ENDPOINT: 'http://c/api/traces', JAEGER_USER: 'user', JAEGER_PASSWORD: 'p@ss' }, basic],
    [{ JAEGER_ENDPOINT: 'http://x:y@c/api/traces', JAEGER_USER: 'user', JAEGER_PASSWORD: 'p@ss' }, basic],
    [{ JAEGER_ENDPOINT: 'http://user:x@c/api/traces', JAEGER_AUTH_TOKEN: 'token' }, 'Bearer token'],
    [{ JAEGER_ENDPOINT: 'http://c/api/traces' }, undefined],
  ])('to a collector that %j identifies with %s', (environment, authorization) => {
    expect(settingsOf(environment as Record<string, string>).receiver).toEqual({
      kind: 'collector',
      url: 'http://c/api/traces',
      authorization,
    });
  });
});

describe('a standard variable wins over its twin', () => {
  it.each([
    [{}, 'backend-service'],
    [{ JAEGER_SERVICE_NAME: 'j' }, 'j'],
    [{ JAEGER_SERVICE_NAME: 'j', OTEL_RESOURCE_ATTRIBUTES: 'service.name=r,a=b' }, 'r'],
    [{ JAEGER_SERVICE_NAME: 'j', OTEL_RESOURCE_ATTRIBUTES: 'service.name=r', OTEL_SERVICE_NAME: 'o' }, 'o'],
  ])('the service’s name of %j is %s', (environment, name) => {
    expect(settingsOf(environment as Record<string, string>).serviceName).toBe(name);
  });

  it.each([
    [{ JAEGER_DISABLED: 'true' }, true],
    [{ JAEGER_DISABLED: 'true', OTEL_SDK_DISABLED: 'false' }, false],
    [{ OTEL_SDK_DISABLED: 'true' }, true],
  ])('tracing with %j is disabled: %s', (environment, isDisabled) => {
    expect(settingsOf(environment as Record<string, string>).isDisabled).toBe(isDisabled);
  });

  it('the batches are as large and as frequent as OTEL_BSP_* says', () => {
    const environment = {
      OTEL_BSP_SCHEDULE_DELAY: '250',
      OTEL_BSP_EXPORT_TIMEOUT: '3000',
      OTEL_BSP_MAX_QUEUE_SIZE: '100',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '512',
    };
    // A batch cannot be larger than the queue.
    expect(settingsOf(environment).batch).toEqual({
      delayMs: 250,
      timeoutMs: 3_000,
      queueSpansMax: 100,
      batchSpansMax: 100,
    });
  });
});

it('tags are read as Jaeger’s clients read them', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Jaeger's way to name a variable.
  const JAEGER_TAGS = 'team=shop, zone=${ZONE}, rack=${RACK:r1}';
  expect(settingsOf({ JAEGER_TAGS, ZONE: 'eu' }).tags).toEqual({ team: 'shop', zone: 'eu', rack: 'r1' });
});

describe('a known variable that changes nothing is named:', () => {
  it.each([
    [{ JAEGER_AGENT_PORT: 'udp://10.0.0.7:5775' }, ['JAEGER_AGENT_PORT']],
    [{ JAEGER_TRACEID_128BIT: 'true', JAEGER_RPC_METRICS: '1' }, ['JAEGER_TRACEID_128BIT', 'JAEGER_RPC_METRICS']],
    [{ OTEL_EXPORTER_JAEGER_ENDPOINT: 'http://c/' }, ['OTEL_EXPORTER_JAEGER_ENDPOINT']],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, ['OTEL_EXPORTER_OTLP_PROTOCOL']],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', JAEGER_AGENT_HOST: 'a' }, ['JAEGER_AGENT_HOST']],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', JAEGER_AGENT_HOST: 'a', JAEGER_SAMPLER_TYPE: 'remote' }, []],
    [{ JAEGER_USER: 'u' }, ['JAEGER_USER']],
    [{ OTEL_TRACES_SAMPLER: 'always_on', JAEGER_SAMPLER_PARAM: '0' }, ['JAEGER_SAMPLER_PARAM']],
    [{ OTEL_TRACES_SAMPLER: 'always_on', OTEL_TRACES_SAMPLER_ARG: '0.5' }, ['OTEL_TRACES_SAMPLER_ARG']],
    [{ JAEGER_SAMPLING_ENDPOINT: 'http://c/sampling' }, ['JAEGER_SAMPLING_ENDPOINT']],
    [{ OTEL_SERVICE_NAME: 'o', JAEGER_SERVICE_NAME: 'j' }, ['JAEGER_SERVICE_NAME']],
    [{ JAEGER_SERVICE_NAME: 'j', JAEGER_SAMPLER_PARAM: '1', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }, []],
  ])('%j → %j', (environment, variables) => {
    expect(unusedOf(environment as Record<string, string>)).toEqual(variables);
  });
});

it.each([
  [{ OTEL_TRACES_SAMPLER: 'xray' }, /OTEL_TRACES_SAMPLER="xray".*parentbased_always_on/],
  [{ OTEL_PROPAGATORS: 'tracecontext,ottrace' }, /OTEL_PROPAGATORS.*jaeger/],
  [{ OTEL_TRACES_EXPORTER: 'zipkin' }, /OTEL_TRACES_EXPORTER="zipkin".*otlp, none/],
  [{ OTEL_RESOURCE_ATTRIBUTES: 'no value' }, /OTEL_RESOURCE_ATTRIBUTES.*clé=valeur/],
  [{ JAEGER_AGENT_PORT: 'x' }, /JAEGER_AGENT_PORT="x"/],
])('%j is a problem, with what is allowed', (environment, message) => {
  const { problems } = readTracing(environment as Record<string, string>);
  expect(problems.map((problem) => problem.message).join()).toMatch(message);
});
