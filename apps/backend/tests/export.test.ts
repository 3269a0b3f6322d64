import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '@products/db/testing';
import { type JaegerCollector, type JaegerSpan, startJaegerAgent, startJaegerCollector } from '@products/jaeger';
import { describe, expect, it } from 'vitest';
import { preload, startOnSamples, traceIdOf } from './backend.js';
import { eventually } from './eventually.js';
import { agentEnvironment, injectedAgent } from './lives.js';

type JaegerAnswer = NonNullable<NonNullable<Parameters<typeof startJaegerCollector>[0]>['answer']>;

describe.concurrent('a receiver that', () => {
  it.each(['JAEGER_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])(
    'takes spans and never answers (%s), costs the requests nothing and the stop two seconds',
    async (variable) => {
      const collector = await startJaegerCollector({ isSilent: true });
      const path = variable === 'JAEGER_ENDPOINT' ? '/api/traces' : '/v1/traces';
      await using backend = await startOnSamples({
        [variable]: `${collector.url}${path}`,
        // Else the exporter waits for ten seconds, as ours for Jaeger does.
        OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
      });
      expect((await backend.fetch('/products')).status).toBe(200);
      await eventually(() => expect(collector.spans()).toHaveLength(2));
      const responses = await Promise.all(Array.from({ length: 50 }, () => backend.fetch('/products')));
      expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200));
      await backend.waitForLine(/^Spans perdus : .*(réponse|time)/i);
      await backend.stop();
      expect(backend.lines.at(-1)?.message).toBe('Service arrêté');
      await collector.stop();
    },
  );

  it.each<[string, () => Promise<Record<string, string>>]>([
    ['has no address', async () => ({ JAEGER_AGENT_HOST: 'agent.invalid' })],
    ['is gone, UDP', async () => ({ JAEGER_AGENT_PORT: String(await findFreePort()) })],
    ['is gone, HTTP', async () => ({ JAEGER_ENDPOINT: `http://127.0.0.1:${await findFreePort()}/api/traces` })],
    [
      'is gone, OTLP',
      async () => ({
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await findFreePort()}`,
        // Else the exporter tries again for ten seconds.
        OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      }),
    ],
  ])('%s, costs the requests nothing, the log one warning, and is counted', async (_, configure) => {
    await using backend = await startOnSamples(await configure());
    const isWarned = () => backend.lines.some(({ message }) => message.startsWith('Spans perdus'));
    let asked = 0;
    // UDP tells of a closed port only at the next batch.
    while (!isWarned()) {
      const responses = await Promise.all(Array.from({ length: 20 }, () => backend.fetch('/products')));
      expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200));
      asked += 20;
      await sleep(200);
    }
    const dropped = async () => {
      const body = await (await backend.fetch('/metrics')).text();
      const read = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(body)?.[1]);
      return { dropped: read('spans_dropped_total'), all: read('spans_dropped_total') + read('spans_exported_total') };
    };
    await eventually(async () => expect((await dropped()).all).toBe(2 * asked));
    expect((await dropped()).dropped).toBeGreaterThan(0);
    expect(await backend.stop()).toBe(0);
    expect(backend.lines.filter(({ message }) => message.startsWith('Spans perdus'))).toHaveLength(1);
  });
});

/** OTLP's answer that it has rejected one span of those that it was sent (`ExportTraceServiceResponse`). */
const PARTIAL_SUCCESS = new Uint8Array([0x0a, 0x0b, 0x08, 0x01, 0x12, 0x07, ...Buffer.from('too old')]);

describe.concurrent('spans count as exported only when a receiver has taken them:', () => {
  it.each<[string, string, JaegerAnswer, RegExp, number]>([
    [
      'not when JAEGER_ENDPOINT is redirected (301)',
      'JAEGER_ENDPOINT',
      { status: 301, headers: { Location: 'https://jaeger.example/api/traces' } },
      /127\.0\.0\.1:\d+\/api\/traces : HTTP 301, redirigé vers https:\/\/jaeger\.example\/api\/traces/,
      2,
    ],
    ['nor when it is (308)', 'JAEGER_ENDPOINT', { status: 308, headers: { Location: '/x' } }, /HTTP 308, redirigé/, 2],
    ['nor with 401', 'JAEGER_ENDPOINT', { status: 401 }, /HTTP 401, le récepteur demande une identité/, 2],
    ['nor with 404 of OTLP', 'OTEL_EXPORTER_OTLP_ENDPOINT', { status: 404 }, /HTTP 404, ce chemin n’existe pas/, 2],
    [
      'of an OTLP batch that is taken in part, those that were',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      { status: 200, headers: { 'Content-Type': 'application/x-protobuf' }, body: PARTIAL_SUCCESS },
      /1 spans refusés \(too old\)/,
      1,
    ],
  ])('%s', async (_, variable, answer, message, dropped) => {
    const collector = await startJaegerCollector({ answer });
    const target = variable === 'JAEGER_ENDPOINT' ? `${collector.url}/api/traces` : collector.url;
    await using backend = await startOnSamples({ [variable]: target });
    expect((await backend.fetch('/products')).status).toBe(200);
    expect(await backend.waitForLine(/^Spans perdus/)).toMatchObject({
      level: 'WARNING',
      reason: expect.stringMatching(message),
    });
    const metrics = await (await backend.fetch('/metrics')).text();
    expect(metrics).toContain(`spans_dropped_total ${dropped}\n`);
    expect(metrics).toContain(`spans_exported_total ${2 - dropped}\n`);
    await backend.stop();
    await collector.stop();
  });
});

describe.concurrent('a collector', () => {
  it.each<[string, (url: URL) => Record<string, string>, string]>([
    [
      'user and password of JAEGER_ENDPOINT',
      (url) => ({ JAEGER_ENDPOINT: Object.assign(url, { username: 'shop', password: 'canary' }).href }),
      `Basic ${Buffer.from('shop:canary').toString('base64')}`,
    ],
    [
      'JAEGER_USER and JAEGER_PASSWORD',
      (url) => ({ JAEGER_ENDPOINT: url.href, JAEGER_USER: 'shop', JAEGER_PASSWORD: 'canary' }),
      `Basic ${Buffer.from('shop:canary').toString('base64')}`,
    ],
    ['JAEGER_AUTH_TOKEN', (url) => ({ JAEGER_ENDPOINT: url.href, JAEGER_AUTH_TOKEN: 'canary' }), 'Bearer canary'],
  ])('is given %s, which no line shows', async (_, configure, authorization) => {
    const collector = await startJaegerCollector();
    await using backend = await startOnSamples(configure(new URL(`${collector.url}/api/traces`)));
    await backend.fetch('/products');
    await backend.stop();
    await collector.stop();
    expect(collector.spans()).toHaveLength(2);
    expect(new Set(collector.authorizations)).toEqual(new Set([authorization]));
    expect(backend.rawLines.join()).not.toContain('canary');
  });
});

it('with OTEL_TRACES_EXPORTER=none spans go nowhere, and requests have their ids all the same', async () => {
  const collector = await startJaegerCollector();
  await using backend = await startOnSamples({
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  });
  expect(traceIdOf(await backend.fetch('/products'))).toMatch(/^[0-9a-f]{32}$/);
  await backend.waitForLine('Variable ignorée : OTEL_EXPORTER_OTLP_ENDPOINT (OTEL_TRACES_EXPORTER=none)');
  expect(await (await backend.fetch('/metrics')).text()).toMatch(
    /spans_exported_total 0\n[\s\S]*spans_dropped_total 0\n/,
  );
  await backend.stop();
  await collector.stop();
  expect(collector.spans()).toEqual([]);
});

it('the resource names version, instance and environment', async () => {
  const agent = await startJaegerAgent();
  await using backend = await startOnSamples({
    JAEGER_AGENT_PORT: String(agent.port),
    JAEGER_TAGS: 'team=shop',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging',
  });
  await backend.fetch('/products');
  await eventually(() => expect(agent.batches()).not.toEqual([]));
  expect(agent.batches()[0]?.processTags).toMatchObject({
    'service.version': expect.stringMatching(/^\d+\.\d+\.\d+$/),
    'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'deployment.environment.name': 'staging',
    team: 'shop',
  });
  await backend.stop();
  await agent.stop();
});

it('a tracer that an injected agent has registered first is an ERROR line and shows in a metric', async () => {
  await using backend = await startOnSamples(agentEnvironment, {
    nodeArguments: [...injectedAgent, ...preload],
  });
  expect(await backend.waitForLine(/^Traces détournées/)).toMatchObject({ level: 'ERROR' });
  const metrics = await (await backend.fetch('/metrics')).text();
  expect(metrics).toContain('tracing_processes{state="foreign"} 1\n');
  expect(metrics).toContain('tracing_processes{state="started"} 0\n');
});

describe.concurrent('spans go', () => {
  it.each<[string, (collector: JaegerCollector) => Record<string, string>]>([
    ['over HTTP in Thrift to JAEGER_ENDPOINT', ({ url }) => ({ JAEGER_ENDPOINT: `${url}/api/traces` })],
    ['over OTLP to OTEL_EXPORTER_OTLP_ENDPOINT', ({ url }) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: url })],
    [
      'over OTLP to OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, before JAEGER_ENDPOINT',
      ({ url }) => ({
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/v1/traces`,
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        JAEGER_ENDPOINT: 'http://127.0.0.1:1/api/traces',
      }),
    ],
  ])('%s', async (_, configure) => {
    const collector = await startJaegerCollector();
    await using backend = await startOnSamples({ JAEGER_SERVICE_NAME: 'shop', ...configure(collector) });
    const parentId = '00f067aa0ba902b7';
    const response = await backend.fetch('/products', {
      headers: { traceparent: `00-c0ffee00000000000000000000000001-${parentId}-01` },
    });
    const failure = await backend.fetch('/error');
    await backend.stop();
    await collector.stop();

    const find = (traceId: string | undefined, name: string): JaegerSpan | undefined =>
      collector.spans().find((span) => span.traceId === traceId && span.operationName === name);
    expect(new Set(collector.batches.map(({ serviceName }) => serviceName))).toEqual(new Set(['shop']));
    expect(collector.spans()).toHaveLength(3);
    const server = find(traceIdOf(response), 'GET /products');
    const query = find(traceIdOf(response), 'db_query_products');
    expect(server).toMatchObject({ traceId: 'c0ffee00000000000000000000000001', parentSpanId: parentId });
    expect(server?.tags).toMatchObject({ 'span.kind': 'server', 'http.method': 'GET' });
    // exporter-jaeger has no integers: it writes numbers as doubles.
    expect(Number(server?.tags['http.status_code'])).toBe(200);
    expect(query).toMatchObject({ parentSpanId: server?.spanId });
    expect(query?.tags).toMatchObject({ 'db.type': 'sql', 'db.statement': query?.tags['db.query.text'] });
    const failed = find(traceIdOf(failure), 'GET /error');
    expect(failed?.tags).toMatchObject({ error: true });
    expect(failed?.logs).toEqual([
      expect.objectContaining({ fields: expect.objectContaining({ event: 'exception' }) }),
    ]);
    expect(Math.abs(Number(server?.startMicroseconds) / 1_000 - Date.now())).toBeLessThan(60_000);
  });
});
