import { describe, expect, it } from 'vitest';
import { type LogLine, post, type ServingProcess, startOnSamples } from './backend.js';
import { eventually } from './eventually.js';
import type { LogRecord } from './otlp-messages.js';
import { startOtlpReceiver } from './otlp-receiver.js';
import { startWithWorkers } from './workers.js';

// The lines of stdout are what arrives over OTLP, each once, whichever process wrote it.

const exported = (url: string) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_LOGS_EXPORTER: 'otlp',
  LOG_LEVEL: 'DEBUG',
});

/** Requests that write lines of every level, with lists, nulls, stacks and texts of other scripts. */
async function exercise(service: ServingProcess): Promise<void> {
  for (const path of [
    '/products',
    '/products/1',
    '/products?limit=2&after=1',
    '/products?after=9',
    '/products/0',
    '/caf%C3%A9',
    '/error',
    '/livez',
  ]) {
    await (await service.fetch(path)).text();
  }
  await (await service.fetch('/products', post({ name: '', price: -1 }))).text();
}

/** A record as the line that it was. */
function toLine({ timeMs, severityText, body, attributes, traceId, spanId }: LogRecord): object {
  const ids = traceId === '' ? {} : { trace_id: traceId, span_id: spanId };
  const timestamp = new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ');
  return { ...attributes, ...ids, timestamp, time: timeMs, level: severityText, message: body };
}

/** In an order of their own: those of several processes arrive as they may. */
const sorted = (lines: readonly object[]) =>
  lines.map((line) => JSON.stringify(line, Object.keys(line).sort().concat('path', 'message'))).sort();

describe('the lines that arrive are those of stdout, field by field,', () => {
  it.each<[string, (environment: Record<string, string>) => Promise<ServingProcess>]>([
    ['of one process', startOnSamples],
    ['of two workers and their primary process', (environment) => startWithWorkers(2, environment)],
  ])('%s', async (_, start) => {
    await using receiver = await startOtlpReceiver();
    await using service = await start(exported(receiver.url));
    await exercise(service);
    expect(await service.stop()).toBe(0);

    expect(service.lines.at(-1)?.message).toBe('Service arrêté');
    expect(new Set(service.lines.map(({ level }) => level))).toEqual(new Set(['DEBUG', 'INFO', 'WARNING', 'ERROR']));
    expect(receiver.records).toHaveLength(service.lines.length);
    expect(sorted(receiver.records.map(toLine))).toEqual(sorted(service.lines));
  });

  it('in their order, where one process wrote them', async () => {
    await using receiver = await startOtlpReceiver();
    await using service = await startOnSamples({ ...exported(receiver.url), OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '3' });
    await exercise(service);
    await service.stop();
    expect(receiver.records.map(toLine)).toEqual(service.lines);
    expect(receiver.requests.filter(({ path }) => path === '/v1/logs').length).toBeGreaterThan(5);
  });
});

it('a record has the severity of its line, the flags of its span and the resource of its process’s spans', async () => {
  await using receiver = await startOtlpReceiver();
  await using service = await startOnSamples({
    ...exported(receiver.url),
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging',
    JAEGER_TAGS: 'team=shop',
  });
  await exercise(service);
  await service.stop();

  const severities = { DEBUG: 5, INFO: 9, WARNING: 13, ERROR: 17 };
  expect(Object.fromEntries(receiver.records.map((record) => [record.severityText, record.severityNumber]))).toEqual(
    severities,
  );
  for (const { traceId, flags, attributes } of receiver.records) {
    // Probes have ids, but no spans.
    expect({ attributes, flags }).toEqual({
      attributes,
      flags: traceId === '' || attributes['path'] === '/livez' ? 0 : 1,
    });
  }
  const [resource] = receiver.spanResources;
  expect(resource).toMatchObject({
    'service.name': 'backend-service',
    'deployment.environment.name': 'staging',
    team: 'shop',
  });
  for (const record of receiver.records) expect(record.resource).toEqual(resource);
});

it('each process has its own instance, that of its spans', async () => {
  await using receiver = await startOtlpReceiver();
  await using service = await startWithWorkers(2, exported(receiver.url));
  await exercise(service);
  await service.stop();
  const instanceOf = (message: string) =>
    receiver.records.filter(({ body }) => body === message).map(({ resource }) => resource['service.instance.id']);
  const workers = instanceOf('Processus de travail démarré');
  const [primary] = instanceOf('Service arrêté');
  expect(new Set([...workers, primary]).size).toBe(3);
  for (const { 'service.instance.id': id } of receiver.spanResources) expect(workers).toContain(id);
});

describe.concurrent('lines stay on stdout alone', () => {
  it.each<[string, Record<string, string>]>([
    ['by default', {}],
    ['with OTEL_LOGS_EXPORTER=none', { OTEL_LOGS_EXPORTER: 'none' }],
    ['with OTEL_SDK_DISABLED', { OTEL_LOGS_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'true' }],
  ])('%s', async (_, environment) => {
    await using receiver = await startOtlpReceiver();
    await using service = await startOnSamples({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...environment });
    await service.fetch('/products');
    await service.stop();
    expect(receiver.records).toEqual([]);
  });
});

it('they go to the signal’s own URL with its own headers, also where nothing is traced', async () => {
  await using receiver = await startOtlpReceiver();
  await using service = await startOnSamples({
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${receiver.url}/v1/logs`,
    OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'x-tenant=shop',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    JAEGER_DISABLED: 'true',
  });
  await service.fetch('/products');
  await service.stop();
  expect(receiver.records.map(toLine)).toEqual(service.lines);
  for (const { path, headers } of receiver.requests) {
    expect({ path, tenant: headers['x-tenant'] }).toEqual({ path: '/v1/logs', tenant: 'shop' });
  }
});

it('lines that arrive while the service runs come within a second or two, and are counted', async () => {
  await using receiver = await startOtlpReceiver();
  await using service = await startOnSamples(exported(receiver.url));
  await (await service.fetch('/products')).text();
  const isCompleted = ({ message }: LogLine) => message === 'Requête complétée: GET /products';
  await eventually(() =>
    expect(receiver.records.some(({ body }) => body === service.lines.find(isCompleted)?.message)).toBe(true),
  );
  await eventually(async () => {
    const metrics = await (await service.fetch('/metrics')).text();
    expect(metrics).toMatch(/^log_records_exported_total [1-9]\d*$/m);
    expect(metrics).toContain('log_records_dropped_total 0\n');
  });
});
