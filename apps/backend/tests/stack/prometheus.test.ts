// Every shipped expression on a real Prometheus: one that selects nothing is a panel without data, or an alert that cannot fire.
import { alerts, dashboards, excludedPaths, recordings } from '@products/monitoring';
import { buildPrometheus } from '@products/programs';
import { type Metric, metrics } from '@products/telemetry/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, startBackend } from '../backend.js';
import { eventually } from '../eventually.js';
import { alerting, exact, selectors } from './expressions.js';
import { type PrometheusServer, type Series, startPrometheus } from './prometheus-server.js';
import { crowdedPool, startTraffic } from './traffic.js';

/** Debian's package is version 2; the compose stack runs version 3. */
const findProgram = { 2: async () => 'prometheus', 3: async () => (await buildPrometheus()).prometheus } as const;

describe.each([
  { workers: 1, major: 2 },
  { workers: 4, major: 3 },
] as const)('with $workers worker(s), on Prometheus $major', ({ workers, major }) => {
  let service: Backend;
  let prometheus: PrometheusServer;
  let traffic: ReturnType<typeof startTraffic>;
  const selected = new Map<string, number>();

  beforeAll(async () => {
    const program = await findProgram[major]();
    service = await startBackend({ ...crowdedPool, WEB_CONCURRENCY: String(workers) });
    traffic = startTraffic(service);
    prometheus = await startPrometheus(program, [service.url]);
  }, 1_800_000);
  afterAll(async () => {
    await traffic?.stop();
    await prometheus?.stop();
    await service?.stop();
    const lines = [...exact, ...alerting].map(
      ({ place, promql }) => `${selected.get(promql) ?? '-'}\t${place}\t${promql}\n`,
    );
    process.stdout.write(`\nseries selected, ${workers} worker(s):\n${lines.join('')}`);
  });

  /** The series that an expression selects, as soon as one has a value. */
  const select = (promql: string): Promise<readonly Series[]> =>
    eventually(async () => {
      const series = await prometheus.query(promql);
      selected.set(promql, series.length);
      expect(series.filter(({ value: [, value] }) => value !== 'NaN')).not.toEqual([]);
      return series;
    });

  it.each(exact)('$place', async (expression) => {
    for (const { metric } of await select(expression.promql)) {
      const { __name__, ...labels } = metric;
      expect(Object.keys(labels).sort()).toEqual(expression.labels.toSorted());
    }
  });

  it.each(alerting)('$place, whatever the value', async (expression) => {
    for (const { metric } of await select(expression.promql)) {
      expect(Object.keys(metric)).toEqual(expect.arrayContaining([...expression.labels]));
    }
  });

  it.each(selectors)('%s', async (selector) => {
    await select(selector);
  });

  it.each(exact.filter(({ hasExemplars }) => hasExemplars))('exemplars of $place are requests made', async (shown) => {
    const traceIds = await eventually(async () => {
      const series = await prometheus.queryExemplars(shown.promql);
      const found = series.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels['trace_id']));
      expect(found).not.toEqual([]);
      return found;
    });
    const logged = new Set(service.lines.map((line) => line['trace_id']));
    expect(traceIds.filter((traceId) => !logged.has(traceId))).toEqual([]);
  });

  it.each(dashboards)('variables of $title have values', async ({ variables }) => {
    for (const { query } of variables) {
      const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
      expect(await prometheus.labelValues(label, selector)).not.toEqual([]);
    }
  });

  it('every rule is evaluated without an error', async () => {
    const rules = await eventually(async () => {
      const evaluated = await prometheus.rules();
      expect(evaluated.filter(({ health }) => health === 'unknown')).toEqual([]);
      return evaluated;
    });
    expect(rules.map(({ name }) => name)).toEqual(
      expect.arrayContaining([...Object.keys(alerts), ...recordings.map(({ record }) => record)]),
    );
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  });

  it('the type and the help of every metric are known', async () => {
    const known = await prometheus.metadata();
    for (const [name, { type, help }] of Object.entries<Metric>(metrics)) {
      // OpenMetrics names a counter's family without the suffix of its samples.
      expect(known[name] ?? known[name.replace(/_total$/, '')], name).toEqual([
        expect.objectContaining({ type, help }),
      ]);
    }
  });

  it('the paths that the objectives leave out are paths that the service counts', async () => {
    const counted = await prometheus.labelValues('path', 'http_requests_total');
    expect(excludedPaths.filter((path) => !counted.includes(path))).toEqual([]);
  });
});
