import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '@products/db/testing';
import { describe, expect, it } from 'vitest';
import { preload, type ServingProcess, startOnSamples } from './backend.js';
import { eventually } from './eventually.js';
import { brokenSdk } from './lives.js';
import { startOtlpReceiver } from './otlp-receiver.js';
import { startWithWorkers } from './workers.js';

// A receiver of lines and metrics that does not take them costs requests nothing, and the log one line a signal.

const exported = (url: string) => ({
  OTEL_LOGS_EXPORTER: 'otlp',
  OTEL_METRICS_EXPORTER: 'otlp',
  OTEL_METRIC_EXPORT_INTERVAL: '2000',
  OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${url}/v1/logs`,
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${url}/v1/metrics`,
  // Else the exporter tries again for ten seconds.
  OTEL_EXPORTER_OTLP_TIMEOUT: '500',
});

const LINES = /^Lignes non exportées/;
const METRICS = /^Métriques non exportées/;

async function askMany(service: ServingProcess, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const responses = await Promise.all(Array.from({ length: 20 }, () => service.fetch('/products')));
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200));
    await sleep(200);
  }
}

async function readCounts(service: ServingProcess): Promise<{ exported: number; dropped: number }> {
  const body = await (await service.fetch('/metrics')).text();
  const read = (name: string) => Number(new RegExp(`^log_records_${name}_total (\\d+)$`, 'm').exec(body)?.[1]);
  return { exported: read('exported'), dropped: read('dropped') };
}

/** Lines that the service would send: those about sending them stay. */
const sendable = ({ lines }: ServingProcess) => lines.filter(({ message }) => !LINES.test(message)).length;

type Answer = NonNullable<NonNullable<Parameters<typeof startOtlpReceiver>[0]>['answer']>;

describe('a receiver that', () => {
  it.each<[string, Answer, RegExp]>([
    [
      'refuses (401)',
      { status: 401 },
      /127\.0\.0\.1:\d+\/v1\/(logs|metrics) : HTTP 401, le récepteur demande une identité/,
    ],
    ['is overloaded (503)', { status: 503 }, /HTTP 503, le récepteur est surchargé/],
    [
      'redirects (308)',
      { status: 308, headers: { Location: 'https://otlp.example/v1' } },
      /HTTP 308, redirigé vers https:\/\/otlp\.example\/v1/,
    ],
    ['takes no such path (404)', { status: 404 }, /HTTP 404, ce chemin n’existe pas : \/v1\/(logs|metrics) pour OTLP/],
  ])('%s, gets no line twice and none counts as exported', async (_, answer, reason) => {
    await using receiver = await startOtlpReceiver({ answer });
    await using service = await startOnSamples(exported(receiver.url));
    await askMany(service, 8);
    expect(await service.waitForLine(LINES)).toMatchObject({ level: 'WARNING', reason: expect.stringMatching(reason) });
    expect(await service.waitForLine(METRICS)).toMatchObject({
      level: 'WARNING',
      reason: expect.stringMatching(reason),
    });
    await eventually(async () =>
      expect(await readCounts(service)).toEqual({ exported: 0, dropped: sendable(service) }),
    );
    expect(await service.stop()).toBe(0);
    for (const message of [LINES, METRICS]) {
      expect(service.lines.filter((line) => message.test(line.message))).toHaveLength(1);
    }
    expect(receiver.records.filter(({ body }) => LINES.test(String(body)))).toEqual([]);
  });

  it.each<[string, (environment: Record<string, string>) => Promise<ServingProcess>, number]>([
    ['one process', startOnSamples, 1],
    ['two workers', (environment) => startWithWorkers(2, environment), 3],
  ])(
    'hangs costs %s no request, each process one line, and the stop its 1.5 s a signal',
    async (_, start, processes) => {
      await using receiver = await startOtlpReceiver({ isSilent: true });
      await using service = await start(exported(receiver.url));
      await askMany(service, 8);
      expect(await service.waitForLine(LINES)).toMatchObject({ reason: expect.stringMatching(/pas de réponse|time/i) });
      await service.waitForLine(METRICS);
      expect((await readCounts(service)).dropped).toBeGreaterThan(0);
      const startedAt = performance.now();
      expect(await service.stop()).toBe(0);
      expect(performance.now() - startedAt).toBeLessThan(20_000);
      expect(service.lines.at(-1)?.message).toBe('Service arrêté');
      expect(service.lines.filter(({ message }) => LINES.test(message)).length).toBeLessThanOrEqual(processes);
      expect(service.lines.filter(({ message }) => METRICS.test(message))).toHaveLength(1);
    },
  );

  it.each([
    ['is gone', async () => `http://127.0.0.1:${await findFreePort()}`, /rien n’écoute à cette adresse/],
    [
      'has no address',
      async () => 'http://otlp.invalid:4318',
      /ce nom n’existe pas|service de noms|pas de réponse|time/i,
    ],
  ])('%s costs the requests nothing and the log one line a signal', async (_, findUrl, reason) => {
    await using service = await startOnSamples(exported(await findUrl()));
    await askMany(service, 8);
    expect(await service.waitForLine(LINES)).toMatchObject({ reason: expect.stringMatching(reason) });
    expect(await service.waitForLine(METRICS)).toMatchObject({ reason: expect.stringMatching(reason) });
    expect(await service.stop()).toBe(0);
    for (const message of [LINES, METRICS]) {
      expect(service.lines.filter((line) => message.test(line.message))).toHaveLength(1);
    }
  });
});

/** OTLP's answer that it has rejected one record of those that it was sent (`ExportLogsServiceResponse`). */
const PARTIAL_SUCCESS = new Uint8Array([0x0a, 0x0b, 0x08, 0x01, 0x12, 0x07, ...Buffer.from('too old')]);

it('of a batch that is taken in part, those count that were', async () => {
  const headers = { 'Content-Type': 'application/x-protobuf' };
  await using receiver = await startOtlpReceiver({ answer: { status: 200, headers, body: PARTIAL_SUCCESS } });
  await using service = await startOnSamples({
    ...exported(receiver.url),
    // All lines in one batch, sent when the next are long written.
    OTEL_BLRP_SCHEDULE_DELAY: '2000',
  });
  await (await service.fetch('/products')).text();
  expect(await service.waitForLine(LINES)).toMatchObject({
    reason: expect.stringMatching(/1 lignes refusées \(too old\)/),
  });
  expect(await readCounts(service)).toEqual({ exported: receiver.records.length - 1, dropped: 1 });
  await service.waitForLine(/^Métriques non exportées : .*1 points refusés \(too old\)/);
});

it('beyond the queue lines are dropped and counted, on stdout they are all', async () => {
  await using receiver = await startOtlpReceiver();
  await using service = await startOnSamples({
    ...exported(receiver.url),
    // What is taken late would count as dropped.
    OTEL_EXPORTER_OTLP_TIMEOUT: '10000',
    OTEL_BLRP_MAX_QUEUE_SIZE: '10',
    OTEL_BLRP_SCHEDULE_DELAY: '60000',
  });
  const responses = await Promise.all(Array.from({ length: 50 }, () => service.fetch('/products')));
  expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200));
  expect(await service.waitForLine(LINES)).toMatchObject({ reason: 'plus de 10 lignes en attente' });
  await eventually(async () => {
    const { exported: taken, dropped } = await readCounts(service);
    expect(taken).toBe(receiver.records.length);
    expect(taken + dropped).toBeLessThanOrEqual(sendable(service));
    expect(dropped).toBeGreaterThan(0);
  });
  const completed = () => service.lines.filter(({ message }) => message === 'Requête complétée: GET /products');
  await eventually(() => expect(completed()).toHaveLength(50));
});

it('an SDK that cannot be loaded is told, and the service serves', async () => {
  await using service = await startOnSamples(exported('http://127.0.0.1:1'), {
    nodeArguments: [...brokenSdk, ...preload],
  });
  expect((await service.fetch('/products')).status).toBe(200);
  expect(await service.waitForLine(LINES)).toMatchObject({ reason: 'Error: broken' });
  expect(await service.waitForLine(METRICS)).toMatchObject({ reason: 'Error: broken' });
});

it('lines that are left at the stop are counted on stderr', async () => {
  await using receiver = await startOtlpReceiver({ isSilent: true });
  await using service = await startOnSamples(
    { ...exported(receiver.url), OTEL_EXPORTER_OTLP_TIMEOUT: '10000', OTEL_METRICS_EXPORTER: 'none' },
    { stderr: 'pipe' },
  );
  let stderr = '';
  service.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await (await service.fetch('/products')).text();
  await service.stop();
  expect(stderr).toBe(`${service.lines.length} lignes de journal n’ont pas été exportées.\n`);
});
