import { type JaegerAgent, startJaegerAgent } from '@products/jaeger';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { asModule, preload, startOnSamples, traceIdOf } from './backend.js';
import { eventually } from './eventually.js';
import { inGateOrSoak, report, SOAK_TIMEOUT_MS } from './soak.js';

// Every line and span of an answered request is delivered, however the service ends.

const REQUESTS = inGateOrSoak(500, 2_000);
/** As many as may wait for a connection: the next would be refused. */
const AT_ONCE = 500;
/** Of two spans each, a hundred at once. */
const PACED_REQUESTS = inGateOrSoak(500, 5_000);

let agent: JaegerAgent;
beforeAll(async () => {
  agent = await startJaegerAgent();
});
afterAll(() => agent.stop());

it.each(['SIGTERM', 'an error that nothing catches'])(
  'no line and no span of an answered request is lost at %s',
  async (end) => {
    const failing = "process.on('SIGUSR2', () => { throw new Error('boom'); });";
    const nodeArguments = [...preload, '--import', asModule(failing)];
    await using backend = await startOnSamples({ JAEGER_AGENT_PORT: String(agent.port) }, { nodeArguments });
    const traceIds = new Set<string>();
    for (let sent = 0; sent < REQUESTS; sent += AT_ONCE) {
      const responses = await Promise.all(Array.from({ length: AT_ONCE }, () => backend.fetch('/products')));
      await Promise.all(responses.map((response) => response.arrayBuffer()));
      for (const response of responses) traceIds.add(traceIdOf(response));
    }
    expect(traceIds.size).toBe(REQUESTS);

    backend.child.kill(end === 'SIGTERM' ? 'SIGTERM' : 'SIGUSR2');
    expect(await backend.exited).toBe(end === 'SIGTERM' ? 0 : 1);
    expect(backend.lines.filter((line) => traceIds.has(String(line['trace_id'])))).toHaveLength(4 * REQUESTS);
    const spans = () => agent.spans().filter(({ traceId }) => traceIds.has(traceId));
    await eventually(() => expect(spans()).toHaveLength(2 * REQUESTS));
  },
  SOAK_TIMEOUT_MS,
);

it(
  'every span under load arrives, and the metrics say so',
  async () => {
    await using backend = await startOnSamples({ JAEGER_AGENT_PORT: String(agent.port) });
    const traceIds = new Set<string>();
    for (let sent = 0; sent < PACED_REQUESTS; sent += 100) {
      const responses = await Promise.all(Array.from({ length: 100 }, () => backend.fetch('/products/1')));
      await Promise.all(responses.map((response) => response.arrayBuffer()));
      for (const response of responses) traceIds.add(traceIdOf(response));
    }
    const received = () => agent.spans().filter(({ traceId }) => traceIds.has(traceId)).length;
    await eventually(async () => {
      const metrics = await (await backend.fetch('/metrics')).text();
      expect(metrics).toContain(`\nspans_exported_total ${2 * PACED_REQUESTS}\n`);
      expect(metrics).toContain('\nspans_dropped_total 0\n');
      expect(received()).toBe(2 * PACED_REQUESTS);
    });
    report(`spans: ${received()} of ${2 * PACED_REQUESTS} received, as many exported, none dropped`);
    expect(await backend.stop()).toBe(0);
  },
  SOAK_TIMEOUT_MS,
);
