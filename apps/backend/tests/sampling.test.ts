import { findFreePort } from '@products/db/testing';
import { startJaegerCollector } from '@products/jaeger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServingProcess, startOnSamples, traceIdOf } from './backend.js';
import { eventually } from './eventually.js';

const isSampled = async (backend: ServingProcess, path: string, headers: Record<string, string> = {}) => {
  const response = await backend.fetch(path, { headers });
  await response.arrayBuffer();
  return response.headers.get('traceresponse')?.endsWith('-01');
};

describe.concurrent('the remote sampler', () => {
  async function startWith(samplingStrategy: unknown) {
    const collector = await startJaegerCollector({ samplingStrategy });
    const service = await startOnSamples({
      JAEGER_SAMPLER_TYPE: 'remote',
      JAEGER_SAMPLER_PARAM: '1',
      JAEGER_SAMPLING_ENDPOINT: `${collector.url}/sampling`,
    });
    await eventually(() => expect(collector.samplingRequests).toEqual(['/sampling?service=backend-service']));
    return {
      ...service,
      [Symbol.asyncDispose]: async () => {
        await service.stop();
        await collector.stop();
      },
    };
  }

  it('samples no trace at the probability 0', async () => {
    await using service = await startWith({
      strategyType: 'PROBABILISTIC',
      probabilisticSampling: { samplingRate: 0 },
    });
    await eventually(async () => expect(await isSampled(service, '/products')).toBe(false));
  });

  it('keeps a rate limit', async () => {
    await using service = await startWith({ strategyType: 1, rateLimitingSampling: { maxTracesPerSecond: 0.01 } });
    // The first of them may have come before the strategy.
    await eventually(async () => expect(await isSampled(service, '/products')).toBe(false));
  });

  it('tells operations apart by the names that their spans will have', async () => {
    await using service = await startWith({
      strategyType: 'PROBABILISTIC',
      operationSampling: {
        defaultSamplingProbability: 0,
        defaultLowerBoundTracesPerSecond: 0,
        perOperationStrategies: [
          { operation: 'GET /products/:id', probabilisticSampling: { samplingRate: 1 } },
          { operation: 'products.list', probabilisticSampling: { samplingRate: 1 } },
        ],
      },
    });
    await eventually(async () => expect(await isSampled(service, '/products')).toBe(false));
    expect(await isSampled(service, '/products/1')).toBe(true);
    expect(await isSampled(service, '/trpc/products.list')).toBe(true);
    expect(await isSampled(service, '/trpc/products.byId')).toBe(false);
    expect(await isSampled(service, '/products/1/x')).toBe(false);
  });

  it('samples as JAEGER_SAMPLER_PARAM says while there is no strategy, and warns once', async () => {
    for (const [endpoint, reason] of [
      [`http://127.0.0.1:${await findFreePort()}/sampling`, /indisponible : .*(ECONNREFUSED|timeout)/],
      [undefined, /indisponible : réponse inattendue/],
    ] as const) {
      const collector = await startJaegerCollector({ samplingStrategy: { strategyType: 'SOMETIMES' } });
      await using backend = await startOnSamples({
        JAEGER_SAMPLER_TYPE: 'remote',
        JAEGER_SAMPLING_ENDPOINT: endpoint ?? `${collector.url}/sampling`,
      });
      expect(await backend.waitForLine(reason)).toMatchObject({ level: 'WARNING' });
      expect(await isSampled(backend, '/products')).toBe(true);
      await backend.stop();
      await collector.stop();
    }
  });
});

describe.concurrent('the endpoint of the remote sampler', () => {
  it('may have credentials, which are sent and never logged', async () => {
    const collector = await startJaegerCollector({ samplingStrategy: { probabilisticSampling: { samplingRate: 1 } } });
    const { port } = new URL(collector.url);
    const endpoint = (at: string) => `http://user:canary@127.0.0.1:${at}/sampling`;
    await using backend = await startOnSamples({
      JAEGER_SAMPLER_TYPE: 'remote',
      JAEGER_SAMPLING_ENDPOINT: endpoint(port),
    });
    await eventually(() => expect(collector.samplingRequests).toHaveLength(1));
    await backend.stop();
    await collector.stop();
    await using unreachable = await startOnSamples({
      JAEGER_SAMPLER_TYPE: 'remote',
      JAEGER_SAMPLING_ENDPOINT: endpoint(String(await findFreePort())),
    });
    await unreachable.waitForLine(/^Stratégie d’échantillonnage indisponible/);
    await unreachable.stop();
    expect(JSON.stringify([...backend.lines, ...unreachable.lines])).not.toContain('canary');
  });

  it('may answer anything: the answer is bounded, and so is what is said of it', async () => {
    const operation = { operation: 'x'.repeat(100), probabilisticSampling: { samplingRate: 9 } };
    for (const perOperationStrategies of [Array(1_000).fill(operation), Array(20_000).fill(operation)]) {
      const collector = await startJaegerCollector({
        samplingStrategy: { operationSampling: { perOperationStrategies } },
      });
      await using backend = await startOnSamples({
        JAEGER_SAMPLER_TYPE: 'remote',
        JAEGER_SAMPLING_ENDPOINT: `${collector.url}/sampling`,
      });
      const { message } = await backend.waitForLine(/^Stratégie d’échantillonnage indisponible/);
      expect(message.length).toBeLessThan(1_000);
      await backend.stop();
      await collector.stop();
    }
  });
});

describe('the decision', () => {
  let none: ServingProcess;
  let all: ServingProcess;
  beforeAll(async () => {
    none = await startOnSamples({ JAEGER_SAMPLER_PARAM: '0' });
    all = await startOnSamples();
  });
  afterAll(async () => {
    await none.stop();
    await all.stop();
  });

  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const parentId = '00f067aa0ba902b7';

  it.each([
    ['is the caller’s to sample, from traceparent', { traceparent: `00-${traceId}-${parentId}-01` }, true],
    ['is the caller’s to sample, from uber-trace-id', { 'uber-trace-id': `${traceId}:${parentId}:0:1` }, true],
    ['is the caller’s to sample, from uber-trace-id to debug', { 'uber-trace-id': `${traceId}:${parentId}:0:3` }, true],
    ['is the caller’s to sample, from b3', { b3: `${traceId}-${parentId}-1` }, true],
    ['is the caller’s to sample, from X-B3-*', multi({ 'X-B3-Sampled': '1' }), true],
    ['is the caller’s to sample, from b3 without a parent', { b3: '1' }, true],
    ['is the caller’s to sample, from X-B3-Sampled alone', { 'X-B3-Sampled': '1' }, true],
    ['is ours without a caller', {}, false],
    ['is ours when b3 defers it', { b3: `${traceId}-${parentId}` }, false],
  ])('%s, with a sampler that takes none', async (_, headers, expected) => {
    expect(await isSampled(none, '/products', headers)).toBe(expected);
  });

  it.each([
    ['is the caller’s not to sample, from traceparent', { traceparent: `00-${traceId}-${parentId}-00` }, false],
    ['is the caller’s not to sample, from uber-trace-id', { 'uber-trace-id': `${traceId}:${parentId}:0:0` }, false],
    ['is the caller’s not to sample, from b3', { b3: `${traceId}-${parentId}-0` }, false],
    ['is the caller’s not to sample, from X-B3-*', multi({ 'X-B3-Sampled': '0' }), false],
    ['is the caller’s not to sample, from b3 without a parent', { b3: '0' }, false],
    ['is the caller’s not to sample, from X-B3-Sampled alone', { 'X-B3-Sampled': '0' }, false],
    [
      'is the standard header’s, even where b3 denies it',
      { traceparent: `00-${traceId}-${parentId}-01`, b3: '0' },
      true,
    ],
    ['is ours when b3 defers it', { b3: `${traceId}-${parentId}` }, true],
    ['is ours when X-B3-* defers it', multi({}), true],
    [
      'is the standard header’s, even where b3 defers it for the same parent',
      { traceparent: `00-${traceId}-${parentId}-00`, b3: `${traceId}-${parentId}` },
      false,
    ],
    [
      'is the standard header’s, even where b3 defers it',
      { traceparent: `00-${traceId}-${parentId}-00`, b3: `${traceId}-${parentId.replace('00f', 'fff')}` },
      false,
    ],
  ])('%s, with a sampler that takes all', async (_, headers, expected) => {
    expect(await isSampled(all, '/products', headers)).toBe(expected);
  });

  function multi(more: Record<string, string>): Record<string, string> {
    return { 'X-B3-TraceId': traceId, 'X-B3-SpanId': parentId, ...more };
  }
});

describe.concurrent('OpenTelemetry’s own variables', () => {
  const unsampled = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00' };
  const sampled = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };

  it.each([
    ['always_on', { OTEL_TRACES_SAMPLER: 'always_on' }, [true, true, true]],
    ['always_off', { OTEL_TRACES_SAMPLER: 'always_off' }, [false, false, false]],
    ['parentbased_always_on', { OTEL_TRACES_SAMPLER: 'parentbased_always_on' }, [true, false, true]],
    ['parentbased_always_off', { OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, [false, false, true]],
    ['traceidratio 0', { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, [false, false, false]],
  ])('OTEL_TRACES_SAMPLER=%s decides alone, or after the parent', async (_, environment, expected) => {
    await using backend = await startOnSamples(environment as Record<string, string>);
    const asked = [{}, unsampled, sampled].map((headers) => isSampled(backend, '/products', headers));
    expect(await Promise.all(asked)).toEqual(expected);
  });

  it('OTEL_PROPAGATORS chooses the headers that name a parent', async () => {
    await using backend = await startOnSamples({ OTEL_PROPAGATORS: 'b3' });
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const b3 = await backend.fetch('/products', { headers: { b3: `${traceId}-00f067aa0ba902b7-1` } });
    expect(traceIdOf(b3)).toBe(traceId);
    expect(traceIdOf(await backend.fetch('/products', { headers: sampled }))).not.toBe(traceId);
  });
});
