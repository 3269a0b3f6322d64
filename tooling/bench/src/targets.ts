import path from 'node:path';

/** A server to measure, and how it is started. */
export interface Target {
  readonly name: TargetName;
  readonly description: string;
  readonly folder: string;
  readonly nodeArguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export type TargetName =
  | 'baseline'
  | 'peer'
  | 'peer hono'
  | 'service'
  | 'service-bare'
  | 'no logs'
  | 'no metrics'
  | 'no traces';

const here = import.meta.dirname;
const backendFolder = path.resolve(here, '../../../apps/backend');
const register = ['--import', '@products/telemetry/register'];
const withoutMetrics = ['--import', path.join(here, 'targets/without-metrics.js')];

const variant = (
  name: TargetName,
  description: string,
  environment: Readonly<Record<string, string>> = {},
  preloads: readonly string[] = register,
): Target => ({
  name,
  description,
  folder: backendFolder,
  nodeArguments: [...preloads, 'dist/main.js'],
  environment,
});

const noLogs = { LOG_LEVEL: 'ERROR' };
const noTraces = { OTEL_SDK_DISABLED: 'true' };

/** The service with all its telemetry. */
export const service = variant(
  'service',
  'the service with all its telemetry, every span sampled and sent to an agent',
);

export const targets: readonly Target[] = [
  {
    name: 'baseline',
    description: 'node:http and pg, a prepared statement, no telemetry',
    folder: here,
    nodeArguments: ['targets/baseline.js'],
    environment: {},
  },
  {
    name: 'peer',
    description: 'Fastify, pg, pino, prom-client, auto-instrumentations-node, exporter-jaeger',
    folder: here,
    nodeArguments: ['--import', './targets/peer-tracing.js', 'targets/peer.js'],
    environment: {},
  },
  {
    name: 'peer hono',
    description: 'Hono on Node.js, pg, pino, prom-client, zod, auto-instrumentations-node, exporter-jaeger',
    folder: here,
    nodeArguments: ['--import', './targets/peer-tracing.js', 'targets/peer-hono.js'],
    environment: {},
  },
  service,
  variant('service-bare', 'the service without logs, metrics and traces', { ...noLogs, ...noTraces }, [
    ...withoutMetrics,
    ...register,
  ]),
  variant('no logs', 'the service without its logs', noLogs),
  variant('no metrics', 'the service without its metrics', {}, [...withoutMetrics, ...register]),
  variant('no traces', 'the service without its traces', noTraces),
];
