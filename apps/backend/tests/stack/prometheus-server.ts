// A real Prometheus that scrapes services and has the shipped rules.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findFreePort } from '@products/db/testing';
import { parse, stringify } from 'yaml';
import { eventually } from '../eventually.js';

export const shipped = path.resolve(import.meta.dirname, '../../../../deploy/prometheus');

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [timestamp: number, value: string];
}

interface RangeSeries {
  readonly metric: Series['metric'];
  readonly values: readonly Series['value'][];
}

interface ExemplarSeries {
  readonly exemplars: readonly { readonly labels: Readonly<Record<string, string>> }[];
}

interface Rule {
  readonly name: string;
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}

export interface PrometheusServer {
  readonly url: string;
  query(promql: string): Promise<readonly Series[]>;
  queryExemplars(promql: string): Promise<readonly ExemplarSeries[]>;
  labelValues(label: string, selector: string): Promise<readonly string[]>;
  rules(): Promise<readonly Rule[]>;
  alerts(): Promise<readonly ActiveAlert[]>;
  /** The values of the last minutes, one for each second. */
  queryRange(promql: string, minutes: number): Promise<readonly RangeSeries[]>;
  /** By the names of metric families. */
  metadata(): Promise<Readonly<Record<string, readonly { readonly type: string; readonly help: string }[]>>>;
  stop(): Promise<void>;
}

/**
 * Starts this program with the shipped job, once a second and at these services.
 *
 * @param options `rulesFolder`: others than the shipped ones; `alertmanagerUrl`: the shipped file's, at this address
 */
export async function startPrometheus(
  program: string,
  serviceUrls: readonly string[],
  {
    rulesFolder = path.join(shipped, 'rules'),
    alertmanagerUrl,
  }: { readonly rulesFolder?: string; readonly alertmanagerUrl?: string } = {},
): Promise<PrometheusServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'products-test-prometheus-'));
  const { scrape_configs, alerting } = parse(readFileSync(path.join(shipped, 'prometheus.yml'), 'utf8'));
  const job = scrape_configs.find(({ job_name }: { job_name: string }) => job_name === 'backend');
  const configFile = path.join(folder, 'prometheus.yml');
  if (alertmanagerUrl !== undefined) {
    alerting.alertmanagers[0].static_configs = [{ targets: [new URL(alertmanagerUrl).host] }];
  }
  const configuration = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [path.join(rulesFolder, '*.yml')],
    ...(alertmanagerUrl === undefined ? {} : { alerting }),
    scrape_configs: [
      {
        ...job,
        scrape_interval: '1s',
        scrape_timeout: '1s',
        static_configs: [{ targets: serviceUrls.map((serviceUrl) => new URL(serviceUrl).host) }],
      },
    ],
  };
  writeFileSync(configFile, stringify(configuration));
  const url = `http://127.0.0.1:${await findFreePort()}`;
  const child = spawn(
    program,
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
      `--web.console.templates=${path.join(shipped, 'consoles')}`,
      '--enable-feature=exemplar-storage',
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const ask = async (endpoint: string, parameters: Readonly<Record<string, string>>) => {
    const response = await fetch(`${url}/api/v1/${endpoint}?${new URLSearchParams(parameters)}`);
    const { data, error } = (await response.json()) as { data: unknown; error?: string };
    if (error !== undefined) throw new Error(`${error}: ${JSON.stringify(parameters)}`);
    return data;
  };
  const server: PrometheusServer = {
    url,
    query: async (query) => ((await ask('query', { query })) as { result: Series[] }).result,
    queryExemplars: async (query) => {
      const now = Date.now() / 1_000;
      const parameters = { query, start: String(now - 3_600), end: String(now + 1) };
      return (await ask('query_exemplars', parameters)) as ExemplarSeries[];
    },
    labelValues: async (label, selector) =>
      (await ask(`label/${label}/values`, { 'match[]': selector })) as readonly string[],
    rules: async () =>
      ((await ask('rules', {})) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules),
    alerts: async () => ((await ask('alerts', {})) as { alerts: ActiveAlert[] }).alerts,
    queryRange: async (query, minutes) => {
      const end = Date.now() / 1_000;
      const parameters = { query, start: String(end - 60 * minutes), end: String(end), step: '1' };
      return ((await ask('query_range', parameters)) as { result: RangeSeries[] }).result;
    },
    metadata: async () => (await ask('metadata', {})) as Awaited<ReturnType<PrometheusServer['metadata']>>,
    stop,
  };
  try {
    // Rejects when there is no such program.
    await once(child, 'spawn');
    await eventually(async () => {
      const up = (await server.query('up')).filter(({ value: [, value] }) => value === '1');
      if (up.length < serviceUrls.length) throw new Error('Prometheus has not scraped the services yet');
    });
  } catch (error) {
    if (child.pid !== undefined) await stop();
    throw error;
  }
  return server;
}
