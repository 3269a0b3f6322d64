import path from 'node:path';

/** What is measured: a server that can be started, and what it is started with. */
export interface Contender {
  readonly name: ContenderName;
  readonly description: string;
  readonly folder: string;
  readonly nodeArguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export type ContenderName = 'floor' | 'peer' | 'ours' | 'off' | 'no logs' | 'no metrics' | 'no traces';

const here = import.meta.dirname;
const backendFolder = path.resolve(here, '../../../apps/backend');
const register = ['--import', '@products/telemetry/register'];
const withoutMetrics = ['--import', path.join(here, 'contenders/without-metrics.js')];

const variant = (
  name: ContenderName,
  description: string,
  environment: Readonly<Record<string, string>> = {},
  preloads: readonly string[] = register,
): Contender => ({
  name,
  description,
  folder: backendFolder,
  nodeArguments: [...preloads, 'dist/main.js'],
  environment,
});

const noLogs = { LOG_LEVEL: 'ERROR' };
const noTraces = { OTEL_SDK_DISABLED: 'true' };

/** The service with everything on. */
export const ours = variant('ours', 'the service with all its telemetry, every span sampled and sent to an agent');

export const contenders: readonly Contender[] = [
  {
    name: 'floor',
    description: 'node:http and pg, a prepared statement, no telemetry',
    folder: here,
    nodeArguments: ['contenders/floor.js'],
    environment: {},
  },
  {
    name: 'peer',
    description: 'Fastify, pg, pino, prom-client, auto-instrumentations-node, exporter-jaeger',
    folder: here,
    nodeArguments: ['--import', './contenders/peer-tracing.js', 'contenders/peer.js'],
    environment: {},
  },
  ours,
  variant('off', 'the service without logs, metrics and traces', { ...noLogs, ...noTraces }, [
    ...withoutMetrics,
    ...register,
  ]),
  variant('no logs', 'the service without its logs', noLogs),
  variant('no metrics', 'the service without its metrics', {}, [...withoutMetrics, ...register]),
  variant('no traces', 'the service without its traces', noTraces),
];
