import { type JaegerAgent, type JaegerSpan, startJaegerAgent } from '@products/jaeger';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { asModule, type Backend, post, preload, startBackend, traceIdOf } from './backend.js';
import { eventually } from './eventually.js';

// Times within a trace come from one clock, to the microsecond, whatever the wall clock does meanwhile.

/** A wall clock that is set forth and back by an hour every 20 ms. */
const restless = `const { now } = Date; Date.now = () => now() + (Math.floor(performance.now() / 20) % 2) * 3_600_000;`;
const nodeArguments = ['--import', asModule(restless), ...preload];

let agent: JaegerAgent;
let service: Backend;
beforeAll(async () => {
  agent = await startJaegerAgent();
  service = await startBackend(
    { JAEGER_AGENT_PORT: String(agent.port), SLOW_ENDPOINT_DELAY: '0.05' },
    { nodeArguments },
  );
});
afterAll(async () => {
  await service.stop();
  await agent.stop();
});

const endOf = ({ startMicroseconds, durationMicroseconds }: JaegerSpan) => startMicroseconds + durationMicroseconds;

it.each([
  ['GET /products', {}, 2],
  ['GET /products/1', {}, 2],
  ['GET /slow', {}, 2],
  ['POST /products', post({ name: 'Câble', price: 9.99, category: 'Accessoires' }), 2],
  ['GET /error', {}, 1],
])('in a trace of %s, children lie within their parents, and events within their spans', async (route, init, count) => {
  const before = Date.now() * 1_000;
  const traceIds = new Set<string>();
  for (let request = 0; request < 50; request += 1) {
    const response = await service.fetch(route.slice(route.indexOf(' ') + 1), init);
    await response.arrayBuffer();
    traceIds.add(traceIdOf(response));
  }
  const spans = await eventually(() => {
    const found = agent.spans().filter(({ traceId }) => traceIds.has(traceId));
    expect(found.length).toBeGreaterThanOrEqual(50 * count);
    return found;
  });
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const outside = spans.filter((span) => {
    const parent = byId.get(span.parentSpanId);
    const isOutside =
      parent !== undefined && (span.startMicroseconds < parent.startMicroseconds || endOf(span) > endOf(parent));
    const isLost = span.logs.some(
      ({ microseconds }) => microseconds < span.startMicroseconds || microseconds > endOf(span),
    );
    return isOutside || isLost;
  });
  expect(outside).toEqual([]);
  expect(spans.every(({ durationMicroseconds }) => durationMicroseconds < 10_000_000)).toBe(true);
  // A clock of milliseconds would have one.
  const fractions = new Set(spans.map(({ startMicroseconds }) => startMicroseconds % 1_000));
  expect(fractions.size).toBeGreaterThan(20);
  expect(Math.min(...spans.map(({ startMicroseconds }) => startMicroseconds))).toBeGreaterThan(before - 5_000);
});
