import { describe, expect, it } from 'vitest';
import { readTracing } from '../src/settings.js';

// Which of the variables decide whether lines and metrics are sent over OTLP, and where to.

const signalsOf = (environment: Readonly<Record<string, string>>) => readTracing(environment).signals;
const unusedOf = (environment: Readonly<Record<string, string>>) =>
  readTracing(environment).unused.map(({ variable }) => variable);

const on = { OTEL_LOGS_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'otlp' };

describe('lines and metrics go', () => {
  it.each<[Record<string, string>, string | undefined, string | undefined]>([
    [{}, undefined, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' }, undefined, undefined],
    [on, 'http://localhost:4318/v1/logs', 'http://localhost:4318/v1/metrics'],
    [{ ...on, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c/x/' }, 'http://c/x/v1/logs', 'http://c/x/v1/metrics'],
    [
      { ...on, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://d/logs' },
      'http://d/logs',
      'http://c/v1/metrics',
    ],
    [{ OTEL_LOGS_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'none' }, 'http://localhost:4318/v1/logs', undefined],
    [{ ...on, OTEL_SDK_DISABLED: 'true' }, undefined, undefined],
    [{ ...on, JAEGER_DISABLED: 'true' }, 'http://localhost:4318/v1/logs', 'http://localhost:4318/v1/metrics'],
  ])('with %j to %s and %s', (environment, linesUrl, metricsUrl) => {
    const { lines, metrics } = signalsOf(environment);
    expect([lines?.url, metrics?.url]).toEqual([linesUrl, metricsUrl]);
  });
});

it('as large and as often as OTEL_BLRP_* and OTEL_METRIC_EXPORT_* say', () => {
  const environment = {
    ...on,
    OTEL_BLRP_SCHEDULE_DELAY: '250',
    OTEL_BLRP_EXPORT_TIMEOUT: '3000',
    OTEL_BLRP_MAX_QUEUE_SIZE: '100',
    OTEL_METRIC_EXPORT_INTERVAL: '5000',
  };
  // A batch cannot be larger than the queue, nor a time-out longer than the interval.
  expect(signalsOf(environment).lines).toMatchObject({
    delayMs: 250,
    timeoutMs: 3_000,
    queueLinesMax: 100,
    batchLinesMax: 100,
  });
  expect(signalsOf(environment).metrics).toMatchObject({ intervalMs: 5_000, timeoutMs: 5_000 });
});

describe('a known variable that changes nothing is named:', () => {
  it.each<[Record<string, string>, string[]]>([
    [{ OTEL_LOGS_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }, []],
    [{ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://c/v1/logs' }, ['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT']],
    [
      { OTEL_LOGS_EXPORTER: 'otlp', OTEL_METRIC_EXPORT_INTERVAL: '1000', OTEL_BLRP_SCHEDULE_DELAY: '1000' },
      ['OTEL_METRIC_EXPORT_INTERVAL'],
    ],
    [{ ...on, OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'a=b', OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: '1' }, []],
    [{ ...on, OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'grpc' }, ['OTEL_EXPORTER_OTLP_LOGS_PROTOCOL']],
    [{ ...on, OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/protobuf' }, []],
    [{ OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/protobuf' }, ['OTEL_EXPORTER_OTLP_LOGS_PROTOCOL']],
    [
      { ...on, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' },
      ['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE'],
    ],
    [{ ...on, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'cumulative' }, []],
    // Spans go nowhere, but lines do.
    [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' }, ['OTEL_EXPORTER_OTLP_ENDPOINT']],
    [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_LOGS_EXPORTER: 'otlp' }, []],
    [
      {
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c',
        OTEL_LOGS_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://d/v1/logs',
      },
      ['OTEL_EXPORTER_OTLP_ENDPOINT'],
    ],
    [{ JAEGER_DISABLED: 'true', OTEL_BLRP_SCHEDULE_DELAY: '1' }, ['OTEL_BLRP_SCHEDULE_DELAY']],
    [{ OTEL_SDK_DISABLED: 'true', OTEL_BLRP_SCHEDULE_DELAY: '1' }, []],
  ])('%j → %j', (environment, variables) => {
    expect(unusedOf(environment)).toEqual(variables);
  });
});

it.each<[Record<string, string>, string]>([
  [{ OTEL_LOGS_EXPORTER: 'console' }, 'OTEL_LOGS_EXPORTER="console" (attendu : otlp, none)'],
  [{ OTEL_METRICS_EXPORTER: 'prometheus' }, 'OTEL_METRICS_EXPORTER="prometheus" (attendu : otlp, none)'],
])('%j is a problem, with what is allowed', (environment, message) => {
  expect(readTracing(environment).problems.map((problem) => problem.message)).toEqual([message]);
});
