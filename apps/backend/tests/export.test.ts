import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '@products/db/testing';
import { type JaegerCollector, type JaegerSpan, startJaegerCollector } from '@products/jaeger';
import { describe, expect, it } from 'vitest';
import { startOnSamples, traceIdOf } from './backend.js';
import { eventually } from './eventually.js';

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
