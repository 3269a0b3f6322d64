import { type Environment, isSet, type parseEnvironment } from '@products/environment';
import type { telemetryEnvironment } from '../environment.js';
import type { ResourceSettings } from '../resource.js';
import type { UnusedVariable } from '../settings.js';

type Values = ReturnType<typeof parseEnvironment<typeof telemetryEnvironment>>['values'];

/** The lines of the log over OTLP, in the terms of OpenTelemetry's batch log record processor. */
export interface LineExportSettings {
  readonly url: string;
  readonly delayMs: number;
  readonly timeoutMs: number;
  readonly queueLinesMax: number;
  readonly batchLinesMax: number;
}

/** The metrics over OTLP, in the terms of OpenTelemetry's periodic exporting metric reader. */
export interface MetricsExportSettings {
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** What is sent over OTLP beside traces; undefined: not sent. */
export interface SignalSettings {
  readonly resource: ResourceSettings;
  readonly lines: LineExportSettings | undefined;
  readonly metrics: MetricsExportSettings | undefined;
}

export const OTLP_PROTOCOL = 'http/protobuf';
const DEFAULT_OTLP_URL = 'http://localhost:4318';

/** Where a signal goes: to its own URL, else to its path under the common one. */
export function otlpUrl(ownUrl: string | undefined, commonUrl: string | undefined, path: string): string {
  return ownUrl ?? `${(commonUrl ?? DEFAULT_OTLP_URL).replace(/\/$/, '')}/${path}`;
}

export function readSignals(values: Values, resource: ResourceSettings): SignalSettings {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: commonUrl, OTEL_SDK_DISABLED: isDisabled } = values;
  const { OTEL_BLRP_MAX_QUEUE_SIZE: queueLinesMax, OTEL_METRIC_EXPORT_INTERVAL: intervalMs } = values;
  return {
    resource,
    lines:
      isDisabled || values.OTEL_LOGS_EXPORTER === 'none'
        ? undefined
        : {
            url: otlpUrl(values.OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, commonUrl, 'v1/logs'),
            delayMs: values.OTEL_BLRP_SCHEDULE_DELAY,
            timeoutMs: values.OTEL_BLRP_EXPORT_TIMEOUT,
            queueLinesMax,
            batchLinesMax: Math.min(values.OTEL_BLRP_MAX_EXPORT_BATCH_SIZE, queueLinesMax),
          },
    metrics:
      isDisabled || values.OTEL_METRICS_EXPORTER === 'none'
        ? undefined
        : {
            url: otlpUrl(values.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, commonUrl, 'v1/metrics'),
            intervalMs,
            timeoutMs: Math.min(values.OTEL_METRIC_EXPORT_TIMEOUT, intervalMs),
          },
  };
}

/** Variables of OpenTelemetry's exporter that a signal may have for itself, and are read there. */
const OWN = ['ENDPOINT', 'HEADERS', 'TIMEOUT', 'PROTOCOL', 'COMPRESSION', 'CERTIFICATE'] as const;

const signals = [
  {
    key: 'lines',
    name: 'LOGS',
    batch: [
      'OTEL_BLRP_SCHEDULE_DELAY',
      'OTEL_BLRP_EXPORT_TIMEOUT',
      'OTEL_BLRP_MAX_QUEUE_SIZE',
      'OTEL_BLRP_MAX_EXPORT_BATCH_SIZE',
    ],
  },
  { key: 'metrics', name: 'METRICS', batch: ['OTEL_METRIC_EXPORT_INTERVAL', 'OTEL_METRIC_EXPORT_TIMEOUT'] },
] as const;

/** Whether a signal beside traces goes to `OTEL_EXPORTER_OTLP_ENDPOINT`. */
export function usesCommonUrl(settings: SignalSettings, environment: Environment): boolean {
  return signals.some(
    ({ key, name }) => settings[key] !== undefined && !isSet(environment, `OTEL_EXPORTER_OTLP_${name}_ENDPOINT`),
  );
}

/** Variables of signals that are not sent, or that ask for what is not there. */
export function findUnusedOfSignals(settings: SignalSettings, environment: Environment): UnusedVariable[] {
  return signals.flatMap(({ key, name, batch }) => {
    const own = OWN.map((part) => `OTEL_EXPORTER_OTLP_${name}_${part}`);
    const protocol = `OTEL_EXPORTER_OTLP_${name}_PROTOCOL`;
    const isSpoken = environment[protocol]?.trim() === OTLP_PROTOCOL;
    const [variables, reason] =
      settings[key] === undefined
        ? [[...own, ...batch], `OTEL_${name}_EXPORTER n’est pas otlp`]
        : [isSpoken ? [] : [protocol], `seul ${OTLP_PROTOCOL} est parlé`];
    return variables.filter((variable) => isSet(environment, variable)).map((variable) => ({ variable, reason }));
  });
}
