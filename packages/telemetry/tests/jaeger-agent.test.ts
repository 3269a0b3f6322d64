import { Socket } from 'node:dgram';
import { setImmediate } from 'node:timers/promises';
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { resources, tracing } from '@opentelemetry/sdk-node';
import { decodeMessage, type JaegerAgent, startJaegerAgent } from '@products/jaeger';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readTracing } from '../src/settings.js';
import { BatchProcessor } from '../src/traces/batch-processor.js';
import { createAgentSender } from '../src/traces/jaeger/agent-sender.js';
import { BinaryWriter, CompactWriter, int64FromHex, int64FromNumber } from '../src/traces/jaeger/thrift.js';

const agents: JaegerAgent[] = [];
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.stop();
});

async function startAgent(...options: Parameters<typeof startJaegerAgent>): Promise<JaegerAgent> {
  const agent = await startJaegerAgent(...options);
  agents.push(agent);
  return agent;
}

const resource = resources.resourceFromAttributes({ 'service.name': 'backend-service', 'host.name': 'test' });

/** Spans as the SDK makes them. */
function recordSpans(
  record: (tracer: ReturnType<tracing.BasicTracerProvider['getTracer']>) => void,
): tracing.ReadableSpan[] {
  const exporter = new tracing.InMemorySpanExporter();
  const provider = new tracing.BasicTracerProvider({
    resource,
    spanProcessors: [new tracing.SimpleSpanProcessor(exporter)],
  });
  record(provider.getTracer('test'));
  return exporter.getFinishedSpans();
}

const plainSpans = (count: number) =>
  recordSpans((tracer) => {
    for (let index = 0; index < count; index += 1) tracer.startSpan(`span ${index}`).end();
  });

describe.each(['compact', 'binary'] as const)('Thrift’s %s encoding', (encoding) => {
  const createWriter = () => (encoding === 'compact' ? new CompactWriter() : new BinaryWriter());

  it('writes every kind of value as Apache Thrift reads it', () => {
    const int64s = [
      0,
      1,
      -1,
      127,
      128,
      -64,
      2 ** 31,
      -(2 ** 31),
      2 ** 32,
      2 ** 53 - 1,
      -(2 ** 53 - 1),
      1_795_472_779_135_123,
    ];
    const hexes = ['0000000000000000', 'ffffffffffffffff', '8000000000000000', '7fffffffffffffff', '00f067aa0ba902b7'];
    const doubles = [0, 1.5, -2899.99, Number.MAX_VALUE, Number.MIN_VALUE];
    const texts = ['', 'é', '😀'.repeat(50), 'x'.repeat(70_000)];
    const write = (fill: (writer: CompactWriter | BinaryWriter, id: number) => void) => {
      const writer = createWriter();
      writer.onewayMessage('emitBatch');
      writer.beginStruct();
      fill(writer, 1);
      writer.endStruct();
      return decodeMessage(writer.bytes.toBuffer(), encoding);
    };
    expect(write(() => {})).toEqual({ name: 'emitBatch', type: 4, fields: {} });
    for (const value of int64s)
      expect(write((writer, id) => writer.int64Field(id, int64FromNumber(value))).fields[1]).toBe(BigInt(value));
    for (const value of hexes) {
      const signed = BigInt.asIntN(64, BigInt(`0x${value}`));
      expect(write((writer, id) => writer.int64Field(id, int64FromHex(value))).fields[1]).toBe(signed);
    }
    for (const value of [0, 1, -1, 2_147_483_647, -2_147_483_648]) {
      expect(write((writer, id) => writer.int32Field(id, value)).fields[1]).toBe(value);
    }
    for (const value of doubles) expect(write((writer, id) => writer.doubleField(id, value)).fields[1]).toBe(value);
    for (const value of texts) expect(write((writer, id) => writer.stringField(id, value)).fields[1]).toBe(value);
    for (const value of [true, false]) expect(write((writer, id) => writer.boolField(id, value)).fields[1]).toBe(value);
    for (const size of [0, 1, 14, 15, 300]) {
      const { fields } = write((writer, id) => {
        writer.structListField(id, size);
        for (let index = 0; index < size; index += 1) {
          writer.beginStruct();
          writer.int32Field(3, index);
          writer.endStruct();
        }
      });
      expect(fields[1]).toEqual(Array.from({ length: size }, (_, index) => ({ 3: index })));
    }
  });
});

describe('spans sent to an agent', () => {
  it('are Jaeger’s, in the compact encoding, with all that the SDK knows of them', async () => {
    const agent = await startAgent();
    const [child, parent] = recordSpans((tracer) => {
      const outer = tracer.startSpan('GET /products', {
        kind: SpanKind.SERVER,
        startTime: [1_795_472_779, 135_123_456],
      });
      const inner = tracer.startSpan('db_query_products', { kind: SpanKind.CLIENT }, undefined);
      inner.setAttributes({ 'db.type': 'sql', count: 10, ratio: 0.5, cached: false, list: ['a', 'b'], big: 2 ** 60 });
      inner.recordException(new TypeError('raté'));
      inner.setStatus({ code: SpanStatusCode.ERROR, message: 'raté' });
      inner.end();
      outer.end([1_795_472_779, 235_123_456]);
    });
    if (child === undefined || parent === undefined) throw new Error('two spans were recorded');
    const sender = createAgentSender('127.0.0.1', agent.port);
    expect(await sender.send([child, parent])).toEqual({ sent: 2 });
    await expect.poll(() => agent.packets.length).toBe(1);
    await sender.close();

    const [batch] = agent.batches();
    const { serviceName, processTags, spans = [] } = batch ?? {};
    expect({ serviceName, processTags }).toEqual({
      serviceName: 'backend-service',
      processTags: { 'host.name': 'test' },
    });
    expect(spans[0]).toMatchObject({
      traceId: child.spanContext().traceId,
      spanId: child.spanContext().spanId,
      parentSpanId: '0000000000000000',
      operationName: 'db_query_products',
      flags: 1,
      tags: {
        'db.type': 'sql',
        count: 10n,
        ratio: 0.5,
        cached: false,
        list: '["a","b"]',
        big: 2 ** 60,
        'span.kind': 'client',
        'otel.status_code': 'ERROR',
        'otel.status_description': 'raté',
        error: true,
      },
      logs: [{ fields: { event: 'exception', 'exception.type': 'TypeError', 'exception.message': 'raté' } }],
    });
    expect(spans[1]).toMatchObject({
      operationName: 'GET /products',
      startMicroseconds: 1_795_472_779_135_123,
      durationMicroseconds: 100_000,
      tags: { 'span.kind': 'server' },
      logs: [],
    });
  });

  it('have their own values, however often a key comes with one value and another', async () => {
    const agent = await startAgent();
    const values = ['a', 'a', 'a', 'b', 'a', 1, 1, 1, true, true, true, 'x'.repeat(2_000), 'x'.repeat(2_000), 'a'];
    const spans = recordSpans((tracer) => {
      for (const value of values) tracer.startSpan('span').setAttributes({ first: 'same', key: value, last: 2 }).end();
    });
    const sender = createAgentSender('127.0.0.1', agent.port);
    for (let sent = 0; sent < 2; sent += 1) await sender.send(spans);
    await expect.poll(() => agent.spans().length).toBe(2 * values.length);
    await sender.close();
    const tags = values.map((value) => ({
      first: 'same',
      key: typeof value === 'number' ? BigInt(value) : value,
      last: 2n,
    }));
    expect(agent.spans().map((span) => span.tags)).toEqual([...tags, ...tags]);
  });

  it('are in the binary encoding on port 6832', async () => {
    const agent = await startAgent('binary', 6_832);
    const sender = createAgentSender('127.0.0.1', 6_832);
    await sender.send(plainSpans(2));
    await expect.poll(() => agent.packets.length).toBe(1);
    expect(agent.spans().map(({ operationName }) => operationName)).toEqual(['span 0', 'span 1']);
    await sender.close();
  });

  it('arrive all when they need several packets, none larger than 65,000 bytes', async () => {
    const agent = await startAgent();
    const spans = recordSpans((tracer) => {
      for (let index = 0; index < 300; index += 1)
        tracer.startSpan(`span ${index}`, { attributes: { text: 'x'.repeat(900) } }).end();
    });
    const sender = createAgentSender('127.0.0.1', agent.port);
    expect(await sender.send(spans)).toEqual({ sent: 300 });
    await expect.poll(() => agent.spans().length).toBe(300);
    expect(agent.packets.length).toBeGreaterThan(4);
    expect(Math.max(...agent.packets.map(({ length }) => length))).toBeLessThanOrEqual(65_000);
    expect(agent.spans().map(({ operationName }) => operationName)).toEqual(spans.map(({ name }) => name));
    await sender.close();
  });

  it('do not suffer from a neighbour that fits in no packet', async () => {
    const agent = await startAgent();
    const spans = recordSpans((tracer) => {
      tracer.startSpan('before').end();
      tracer.startSpan('oversize', { attributes: { text: 'x'.repeat(70_000) } }).end();
      tracer.startSpan('after').end();
    });
    const sender = createAgentSender('127.0.0.1', agent.port);
    expect(await sender.send(spans)).toEqual({
      sent: 2,
      problem: expect.stringMatching(/1 spans de plus de 65000 octets/),
    });
    await expect.poll(() => agent.packets.length).toBe(1);
    expect(agent.spans().map(({ operationName }) => operationName)).toEqual(['before', 'after']);
    await sender.close();
  });

  it('are given up, without an exception, for a host that does not exist', async () => {
    const sender = createAgentSender('nowhere.invalid', 6_831);
    expect(await sender.send(plainSpans(1))).toEqual({
      sent: 0,
      problem: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
    });
    await sender.close();
  });

  it('wait while the host is looked up', async () => {
    const agent = await startAgent();
    const sender = createAgentSender('127.0.0.1', agent.port);
    expect(await Promise.all([sender.send(plainSpans(3)), sender.send(plainSpans(3))])).toEqual([
      { sent: 3 },
      { sent: 3 },
    ]);
    await sender.close();
  });

  it('are known to be lost at a closed port, and to arrive again once it is open', async () => {
    const { port } = await startAgent();
    await agents.pop()?.stop();
    const sender = createAgentSender('127.0.0.1', port);
    for (let index = 0; index < 4; index += 1) {
      expect(await sender.send(plainSpans(3))).toEqual({ sent: 0, problem: expect.stringContaining('ECONNREFUSED') });
    }
    const agent = await startAgent('compact', port);
    expect(await sender.send(plainSpans(3))).toEqual({ sent: 3 });
    await expect.poll(() => agent.spans().length).toBe(3);
    await sender.close();
  });
});

describe('a system that refuses packets beyond a size', () => {
  const LIMIT = 4_000;
  afterEach(() => vi.restoreAllMocks());

  it('is sent smaller ones, and every span arrives', async () => {
    const { send } = Socket.prototype;
    let refused = 0;
    vi.spyOn(Socket.prototype, 'send').mockImplementation(function (this: Socket, ...parameters: unknown[]) {
      const [bytes, callback] = parameters as [Buffer, (error: Error | null) => void];
      if (bytes.length <= LIMIT) return Reflect.apply(send, this, [bytes, callback]);
      refused += 1;
      callback(Object.assign(new Error('send EMSGSIZE'), { code: 'EMSGSIZE' }));
    } as never);
    const agent = await startAgent();
    const sender = createAgentSender('127.0.0.1', agent.port);
    expect(await sender.send(plainSpans(512))).toEqual({ sent: 512 });
    expect(refused).toBeGreaterThan(0);
    await expect.poll(() => agent.spans().length).toBe(512);
    expect(Math.max(...agent.packets.map(({ length }) => length))).toBeLessThanOrEqual(LIMIT);
    // The limit is remembered.
    refused = 0;
    expect(await sender.send(plainSpans(512))).toEqual({ sent: 512 });
    expect(refused).toBe(0);

    const large = recordSpans((tracer) =>
      tracer.startSpan('large', { attributes: { text: 'x'.repeat(20_000) } }).end(),
    );
    expect(await sender.send([...large, ...plainSpans(1)])).toEqual({
      sent: 1,
      problem: expect.stringMatching(/^1 spans de plus de \d+ octets : JAEGER_ENDPOINT ou OTEL_EXPORTER_OTLP_ENDPOINT/),
    });
    await sender.close();
  });
});

describe('the batch processor', () => {
  function createProcessor(
    send: (spans: readonly tracing.ReadableSpan[]) => Promise<{ sent: number; problem?: string }>,
  ) {
    const counts = { exported: 0, dropped: 0 };
    const warnings: string[] = [];
    const processor = new BatchProcessor({
      sender: { concurrency: 1, send, close: async () => {} },
      settings: readTracing({}).settings.batch,
      counts,
      warn: (problem) => warnings.push(problem),
    });
    return { processor, counts, warnings };
  }

  it('sends spans that were sampled soon, and all of them at shutdown', async () => {
    const sent: string[] = [];
    const { processor, counts } = createProcessor(async (spans) => {
      sent.push(...spans.map(({ name }) => name));
      return { sent: spans.length };
    });
    const [sampled, other] = plainSpans(2);
    if (sampled === undefined || other === undefined) throw new Error('two spans were recorded');
    processor.onEnd(sampled);
    const notSampled = Object.create(other, {
      spanContext: { value: () => ({ ...other.spanContext(), traceFlags: TraceFlags.NONE }) },
    });
    processor.onEnd(notSampled);
    await expect.poll(() => sent, { timeout: 3_000 }).toEqual(['span 0']);
    for (const span of plainSpans(1_000)) processor.onEnd(span);
    await processor.shutdown();
    expect(counts).toEqual({ exported: 1_001, dropped: 0 });
  });

  it('waits for full batches while others are under way, for every packet costs the same', async () => {
    const sizes: number[] = [];
    const { processor, counts } = createProcessor(async (spans) => {
      sizes.push(spans.length);
      for (let turn = 0; turn < 20; turn += 1) await setImmediate();
      return { sent: spans.length };
    });
    for (const span of plainSpans(1_100)) {
      processor.onEnd(span);
      await setImmediate();
    }
    expect(sizes).toEqual([512, 512]);
    await processor.forceFlush();
    expect(sizes).toEqual([512, 512, 76]);
    expect(counts).toEqual({ exported: 1_100, dropped: 0 });
  });

  it('does not hold up the stop for a receiver that takes nothing, and counts what that costs', async () => {
    const { processor, counts, warnings } = createProcessor(() => new Promise(() => {}));
    for (const span of plainSpans(600)) processor.onEnd(span);
    await processor.shutdown();
    expect(counts).toEqual({ exported: 0, dropped: 600 });
    expect(warnings).toHaveLength(1);
  });

  it('keeps 16 MB of spans at most for a stuck receiver, however large each is', async () => {
    const { processor, counts } = createProcessor(() => new Promise(() => {}));
    const spans = recordSpans((tracer) => {
      for (let index = 0; index < 1_000; index += 1) {
        tracer.startSpan(`span ${index}`, { attributes: { text: 'x'.repeat(40_000) } }).end();
      }
    });
    for (const span of spans) processor.onEnd(span);
    expect(1_000 - counts.dropped).toBeGreaterThan(350);
    expect(1_000 - counts.dropped).toBeLessThan(420);
    await processor.shutdown();
    expect(counts).toEqual({ exported: 0, dropped: 1_000 });
  });

  it('drops and counts what a stuck receiver does not take, and warns once', async () => {
    const { promise: stuck, resolve: release } = Promise.withResolvers<void>();
    const { processor, counts, warnings } = createProcessor(async (spans) => {
      await stuck;
      return { sent: spans.length };
    });
    for (const span of plainSpans(10_000)) processor.onEnd(span);
    expect(counts.dropped).toBeGreaterThan(0);
    expect(warnings).toEqual([expect.stringMatching(/spans en attente/)]);
    release();
    await processor.shutdown();
    expect(counts.exported + counts.dropped).toBe(10_000);
  });
});
