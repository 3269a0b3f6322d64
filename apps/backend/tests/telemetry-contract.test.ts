import { Client, corpus, expectations } from '@products/acceptance';
import { type JaegerAgent, type JaegerSpan, startJaegerAgent } from '@products/jaeger';
import {
  logEvents,
  matchLine,
  metrics,
  nodeMetrics,
  resourceAttributes,
  spanAttributes,
  spans,
} from '@products/telemetry/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, type LogLine, startBackend, traceIdOf } from './backend.js';
import { eventually } from './eventually.js';
import { lives, withoutDatabase } from './lives.js';

// The service emits all that the contract declares, and nothing else.

const sorted = (words: Iterable<string>) => [...new Set(words)].sort();

let agent: JaegerAgent;
let backend: Backend;
/** Lines of a service whose database is not there, and whose spans are among the agent's. */
let disconnected: readonly LogLine[];

const traceOf = (response: Response) => {
  const traceId = traceIdOf(response);
  return agent.spans().filter((span) => span.traceId === traceId);
};

/** Asks for everything that the service can answer, and once more what needs a table, while it is not there. */
async function exercise(): Promise<void> {
  const ask = async (path: string, init?: RequestInit) => {
    const response = await backend.fetch(path, init);
    await response.arrayBuffer();
    return response;
  };
  const client = new Client(backend.url);
  for (const request of corpus) await client.send(request);
  await ask('/products', { headers: { 'X-Forwarded-For': '192.0.2.1' } });
  await ask('/nowhere', { method: 'PROPFIND' });
  const batch = encodeURIComponent(JSON.stringify({ 0: {}, 1: { id: 1 } }));
  await ask(`/trpc/products.list,products.byId?batch=1&input=${batch}`);
  const tables = await backend.database.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
  );
  for (const { name } of tables) await backend.database.query(`ALTER TABLE "${name}" RENAME TO "hidden_${name}"`);
  const ofTable = expectations.filter((expected) => expected.spans.some((name) => name.trim().startsWith('db_')));
  for (const { request } of ofTable) await client.send(request);
  const last = await ask(`/trpc/products.list,products.byId?batch=1&input=${batch}`);
  for (const { name } of tables) await backend.database.query(`ALTER TABLE "hidden_${name}" RENAME TO "${name}"`);
  await eventually(() => expect(traceOf(last)).toHaveLength(5));
}

beforeAll(async () => {
  agent = await startJaegerAgent();
  backend = await startBackend({
    JAEGER_AGENT_PORT: String(agent.port),
    SLOW_ENDPOINT_DELAY: '0.01',
    LOG_LEVEL: 'DEBUG',
    // More than the server takes, which is only warned of.
    DB_MAX_OVERFLOW: '1000',
  });
  [disconnected] = await Promise.all([withoutDatabase({ JAEGER_AGENT_PORT: String(agent.port) }), exercise()]);
});
afterAll(async () => {
  await backend.stop();
  await agent.stop();
});

describe('the metrics', () => {
  /** Families and their types as `/metrics` lists them, and samples with the names of their labels. */
  async function scrape() {
    const body = await (await backend.fetch('/metrics')).text();
    const types = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [String(name), String(type)]);
    const samples = [...body.matchAll(/^([a-z_0-9]+)(?:\{(.*)\})? /gm)].map(([, name, labels = '']) => ({
      name: String(name),
      labels: sorted([...labels.matchAll(/(\w+)=/g)].map(([, label]) => String(label))),
    }));
    return { types: Object.fromEntries(types), samples };
  }

  it('are the declared ones, each of its type', async () => {
    const declared = { ...metrics, ...nodeMetrics };
    const types = Object.fromEntries(Object.entries(declared).map(([name, { type }]) => [name, type]));
    expect((await scrape()).types).toEqual(types);
  });

  it.each(Object.entries({ ...metrics, ...nodeMetrics }))('%s has the declared labels', async (name, metric) => {
    const isHistogram = metric.type === 'histogram';
    const labels = 'labels' in metric ? metric.labels : [];
    const samples = (await scrape()).samples.filter((sample) => sample.name === (isHistogram ? `${name}_count` : name));
    // No request of Node.js's own, and no collection of garbage, need have happened yet.
    if (!/^nodejs_(active_requests|gc_duration_seconds)/.test(name)) expect(samples).not.toEqual([]);
    for (const sample of samples) expect(sample.labels).toEqual(sorted(labels));
  });
});

describe('the spans', () => {
  const keyOf = ({ operationName, tags }: JaegerSpan) => {
    if (operationName in spans) return operationName;
    return tags['span.kind'] === 'server' ? 'request' : 'procedure';
  };
  // The Jaeger exporter adds these to spans.
  const formatTags = new Set(['span.kind', 'otel.status_code', 'otel.status_description']);

  it('are the declared ones', () => {
    expect(sorted(agent.spans().map(keyOf))).toEqual(sorted(Object.keys(spans)));
  });

  it.each(Object.entries(spans))('%s has the declared attributes', (key, { kind, attributes, optionalAttributes }) => {
    const found = agent.spans().filter((span) => keyOf(span) === key);
    const namesOf = ({ tags }: JaegerSpan) => Object.keys(tags).filter((name) => !formatTags.has(name));
    for (const span of found) {
      expect(namesOf(span)).toEqual(expect.arrayContaining([...attributes]));
      expect(span.tags['span.kind'] ?? 'internal').toBe(kind.toLowerCase());
      for (const name of namesOf(span)) {
        const { type } = spanAttributes[name as keyof typeof spanAttributes];
        const jaegerType = type === 'integer' ? 'bigint' : type;
        expect({ name, type: typeof span.tags[name] }).toEqual({ name, type: jaegerType });
      }
    }
    expect(sorted(found.flatMap(namesOf))).toEqual(sorted([...attributes, ...optionalAttributes]));
  });

  it('need every declared attribute', () => {
    const used = Object.values(spans).flatMap((span) => [...span.attributes, ...span.optionalAttributes]);
    expect(sorted(used)).toEqual(sorted(Object.keys(spanAttributes)));
  });

  it('have the declared attributes in common', () => {
    for (const { serviceName, processTags } of agent.batches()) {
      const names = ['service.name', ...Object.keys(processTags)];
      expect(serviceName).toBe('backend-service');
      expect(sorted(names)).toEqual(sorted(Object.keys(resourceAttributes)));
    }
  });
});

describe('the log', () => {
  let lines: readonly LogLine[];
  beforeAll(async () => {
    lines = (await Promise.all(lives.map((live) => live()))).flat();
    expect(await backend.stop()).toBe(0);
  }, 120_000);

  it('has the declared lines at the declared levels, all of them, however a service fares and ends', () => {
    const written = [...backend.lines, ...disconnected, ...lines].map((line) => `${matchLine(line)} ${line.level}`);
    const declared = Object.entries(logEvents).flatMap(([name, { levels }]) =>
      levels.map((level) => `${name} ${level}`),
    );
    expect(sorted(written)).toEqual(sorted(declared));
  });
});
