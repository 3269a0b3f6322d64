import { metrics as declared, nodeMetrics } from '@products/telemetry/contract';
import { describe, expect, it } from 'vitest';
import { type ServingProcess, startOnSamples, traceIdOf } from './backend.js';
import { eventually } from './eventually.js';
import type { Metric, MetricsExport, Point } from './otlp-messages.js';
import { type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.js';
import { startWithWorkers } from './workers.js';

// The metrics that arrive over OTLP are those of /metrics, once for the whole service.

const exported = (url: string) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_METRICS_EXPORTER: 'otlp',
  OTEL_METRIC_EXPORT_INTERVAL: '1000',
});

async function exercise(service: ServingProcess): Promise<string[]> {
  const traceIds: string[] = [];
  for (const path of ['/products', '/products', '/products/1', '/products/0', '/nowhere', '/error', '/slow']) {
    const response = await service.fetch(path);
    await response.text();
    traceIds.push(traceIdOf(response));
  }
  return traceIds;
}

type Samples = Readonly<Record<string, number>>;

const keyOf = (name: string, labels: Readonly<Record<string, unknown>>) =>
  `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .sort()
    .join(',')}}`;

/** The samples of `/metrics`. */
async function scrape(service: ServingProcess): Promise<Samples> {
  const body = await (await service.fetch('/metrics')).text();
  const lines = [...body.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name, labels = '', value]) => {
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text]);
    return [keyOf(String(name), Object.fromEntries(pairs)), Number(value)];
  });
  return Object.fromEntries(lines);
}

/** What arrived, as Prometheus would have scraped it. */
function toSamples({ metrics }: MetricsExport): Samples {
  const samples = metrics.flatMap(({ name, data, points }) =>
    points.flatMap((point): [string, number][] => {
      const { attributes, value, count, sum } = point;
      if (data !== 'histogram') return [[keyOf(name, attributes), value]];
      return [
        ...toBuckets(name, point),
        [keyOf(`${name}_sum`, attributes), sum],
        [keyOf(`${name}_count`, attributes), count],
      ];
    }),
  );
  return Object.fromEntries(samples);
}

function toBuckets(name: string, { attributes, bounds, counts }: Point): [string, number][] {
  let below = 0;
  return counts.map((count, index) => {
    below += count;
    return [keyOf(`${name}_bucket`, { ...attributes, le: bounds[index] ?? '+Inf' }), below];
  });
}

/** Those of the service: of Node.js's own, a moment later, values are others. */
const ofService = (samples: Samples) =>
  Object.fromEntries(Object.entries(samples).filter(([key]) => !/^(?:process|nodejs)_/.test(key)));

const last = ({ exports }: OtlpReceiver): MetricsExport => {
  const found = exports.at(-1);
  if (found === undefined) throw new Error('nothing has arrived');
  return found;
};

const find = (exported: MetricsExport, name: string): Metric => {
  const found = exported.metrics.find((metric) => metric.name === name);
  if (found === undefined) throw new Error(`no metric ${name}`);
  return found;
};

describe.each<[string, (environment: Record<string, string>) => Promise<ServingProcess>]>([
  ['one process', startOnSamples],
  ['two workers', (environment) => startWithWorkers(2, environment)],
])('of %s', (_, start) => {
  it('what arrives is what /metrics shows, sample by sample, and so is what arrives at the stop', async () => {
    await using receiver = await startOtlpReceiver();
    await using service = await start({ ...exported(receiver.url), SLOW_ENDPOINT_DELAY: '0.01' });
    const traceIds = await exercise(service);
    await eventually(async () => {
      const scraped = ofService(await scrape(service));
      // Those of the spans too: they are sent a second later.
      expect(scraped['spans_exported_total{}']).toBeGreaterThanOrEqual(traceIds.length);
      expect(ofService(toSamples(last(receiver)))).toEqual(scraped);
    });
    const scraped = await scrape(service);
    expect(scraped['http_requests_total{method="GET",path="/products",status="200"}']).toBe(2);
    expect(Object.keys(ofService(scraped)).length).toBeGreaterThan(100);
    const familyOf = (key: string) => key.replace(/\{.*/, '');
    expect(new Set(Object.keys(toSamples(last(receiver))).map(familyOf))).toEqual(
      new Set(Object.keys(scraped).map(familyOf)),
    );

    await (await service.fetch('/products/2')).text();
    await service.stop();
    const ended = toSamples(last(receiver));
    const requests = Object.entries(ended).filter(([key]) => key.startsWith('http_requests_total'));
    expect(requests.reduce((total, [, value]) => total + value, 0)).toBe(traceIds.length + 1);
  });

  it('each has its type and unit, cumulative since one start', async () => {
    await using receiver = await startOtlpReceiver();
    await using service = await start({ ...exported(receiver.url), SLOW_ENDPOINT_DELAY: '0.01' });
    const startedMs = Date.now();
    await exercise(service);
    const before = receiver.exports.length;
    await eventually(() => expect(receiver.exports.length).toBeGreaterThan(before + 2));

    const { metrics } = last(receiver);
    const types = { counter: 'sum', gauge: 'gauge', histogram: 'histogram' };
    const expected = Object.entries({ ...declared, ...nodeMetrics }).map(([name, { type }]) => [name, types[type]]);
    expect(Object.fromEntries(metrics.map(({ name, data }) => [name, data]))).toEqual(Object.fromEntries(expected));
    for (const { name, data, isMonotonic, temporality, description, unit } of metrics) {
      const isCounted = data !== 'gauge';
      expect({ name, isMonotonic, temporality }).toEqual({
        name,
        isMonotonic: data === 'sum',
        temporality: isCounted ? 2 : 0,
      });
      expect({ name, unit }).toEqual({ name, unit: /seconds/.test(name) ? 's' : /bytes/.test(name) ? 'By' : '' });
      if (name in declared) expect(description).toBe(declared[name as keyof typeof declared].help);
    }
    const points = receiver.exports.flatMap((each) => each.metrics.flatMap((metric) => metric.points));
    const starts = new Set(points.map(({ startMs }) => startMs));
    expect(starts.size).toBe(1);
    expect(startedMs - Number([...starts][0])).toBeGreaterThan(0);
    expect(startedMs - Number([...starts][0])).toBeLessThan(60_000);
    const times = receiver.exports.map((each) => find(each, 'http_requests_in_flight').points[0]?.timeMs ?? 0);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    expect(new Set(receiver.exports.map(({ resource }) => resource['service.instance.id'])).size).toBe(1);
  });

  it('no count goes down while it serves', async () => {
    await using receiver = await startOtlpReceiver();
    await using service = await start({ ...exported(receiver.url), SLOW_ENDPOINT_DELAY: '0.01' });
    for (let exports = 0; exports < 3; exports = receiver.exports.length) await exercise(service);
    await service.stop();
    const sums = receiver.exports.map((each) =>
      toSamples({ ...each, metrics: each.metrics.filter(({ data }) => data !== 'gauge') }),
    );
    expect(sums.length).toBeGreaterThan(3);
    for (const [index, later] of sums.entries()) {
      for (const [key, value] of Object.entries(sums[index - 1] ?? {})) {
        expect({ key, grows: Number(later[key]) >= value }).toEqual({ key, grows: true });
      }
    }
  });

  it('request durations have the exemplars of OpenMetrics', async () => {
    await using receiver = await startOtlpReceiver();
    await using service = await start({ ...exported(receiver.url), SLOW_ENDPOINT_DELAY: '0.6' });
    const traceIds = await exercise(service);
    const open = async () => {
      const headers = { Accept: 'application/openmetrics-text' };
      const body = await (await service.fetch('/metrics', { headers })).text();
      return [...body.matchAll(/^http_request_duration_seconds_bucket.* # \{trace_id="(\w+)"\} (\S+) (\S+)$/gm)]
        .map(([, traceId, value, time]) => ({
          traceId,
          value: Number(value),
          timeMs: Math.round(Number(time) * 1_000),
        }))
        .sort((a, b) => a.value - b.value);
    };
    await eventually(async () => {
      const { points } = find(last(receiver), 'http_request_duration_seconds');
      const exemplars = points.flatMap((point) => point.exemplars).sort((a, b) => a.value - b.value);
      expect(exemplars.length).toBeGreaterThan(3);
      expect(exemplars).toEqual(await open());
      for (const { traceId } of exemplars) expect(traceIds).toContain(traceId);
    });
    const { points } = find(last(receiver), 'http_request_duration_seconds');
    const slow = points.find(({ attributes }) => attributes['path'] === '/slow');
    expect(slow?.exemplars).toEqual([expect.objectContaining({ traceId: traceIds.at(-1) })]);
    expect(slow?.bounds[slow.counts.indexOf(1)]).toBe(1);
  });
});

it('the primary process sends, as the log names it, and a killed worker’s counts stay', async () => {
  await using receiver = await startOtlpReceiver();
  await using service = await startWithWorkers(2, { ...exported(receiver.url), OTEL_LOGS_EXPORTER: 'otlp' });
  for (let index = 0; index < 10; index += 1) await (await service.fetch('/products')).text();
  const total = () => toSamples(last(receiver))['http_requests_total{method="GET",path="/products",status="200"}'];
  await eventually(() => expect(total()).toBe(10));
  const pids = service.lines.flatMap(({ message, pid }) =>
    message === 'Processus de travail démarré' ? Number(pid) : [],
  );
  process.kill(Number(pids[0]), 'SIGKILL');
  await service.waitForLine(/^Processus de travail terminé/);
  const before = receiver.exports.length;
  await eventually(() => expect(receiver.exports.length).toBeGreaterThan(before + 2));
  expect(total()).toBe(10);
  await service.stop();
  const primary = receiver.records.find(({ body }) => body === 'Service démarré');
  expect(last(receiver).resource).toEqual(primary?.resource);
});

it('metrics are not sent by default', async () => {
  await using receiver = await startOtlpReceiver();
  await using service = await startOnSamples({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
  await service.fetch('/products');
  await service.stop();
  expect(receiver.requests.map(({ path }) => path)).not.toContain('/v1/metrics');
  expect(receiver.requests).not.toEqual([]);
});
