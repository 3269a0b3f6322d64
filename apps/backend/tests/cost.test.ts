import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startJaegerAgent } from '@products/jaeger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asModule, type Backend, post, preload, startBackend, traceIdOf } from './backend.js';
import { eventually } from './eventually.js';
import { report } from './soak.js';

// The cost of a request and of a start, in units that no machine's speed changes; `pnpm bench` measures time.

/** Small and fixed: the number of scavenges tells the bytes allocated. */
const SEMI_SPACE_MB = 1;
const REQUESTS = 400;
/** Allocated for a `GET /products`: 118, with what the count may be off. Goes down only. */
const ALLOCATED_KB_MAX = 145;
/** Of a request whose spans are not kept for export, in the old generation: it was 5 when this was written, and had been 11. */
const LEFT_KB_MAX = 7;
/** Of a `GET /products/:id`, which had 57 promises and 19 calls of `setHeader()`; they only go down. */
const COUNTS_MAX = { promises: 54, timers: 4, turns: 2.1, setHeader: 0 };
/** Modules of files that a start loads; they were 1,017. */
const MODULES_MAX = 1_150;

const agent = await startJaegerAgent();
const folder = mkdtempSync(path.join(tmpdir(), 'products-cost-'));
const modulesFile = path.join(folder, 'modules');
const measuring = `
  import { writeFileSync } from 'node:fs';
  import { registerHooks } from 'node:module';
  process.on('SIGWINCH', () => globalThis.gc());
  const urls = [];
  registerHooks({ load: (url, context, next) => { urls.push(url); return next(url, context); } });
  process.on('exit', () => writeFileSync(${JSON.stringify(modulesFile)}, urls.join('\\n')));`;
let backend: Backend;

beforeAll(async () => {
  const nodeArguments = [
    `--max-semi-space-size=${SEMI_SPACE_MB}`,
    // No full collection but the one that a test asks for.
    '--expose-gc',
    '--initial-old-space-size=512',
    '--import',
    asModule(measuring),
    ...preload,
  ];
  backend = await startBackend({ JAEGER_AGENT_PORT: String(agent.port) }, { nodeArguments });
});
afterAll(async () => {
  await agent.stop();
  rmSync(folder, { recursive: true });
});

/** The sum of the series that match. */
const metric = async (series: RegExp) => {
  const lines = (await (await backend.fetch('/metrics')).text()).split('\n').filter((line) => series.test(line));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
};
const statements = () => metric(/^database_queries_total\{/);

describe('a request costs', () => {
  it.each([
    ['GET /products', '/products', {}],
    ['GET /products/:id', '/products/1', {}],
    ['POST /products', '/products', post({ name: 'iPad Pro', price: 1_199, category: 'Tablettes' })],
    ['products.list', '/trpc/products.list', {}],
    ['products.byId', '/trpc/products.byId?input={"id":1}', {}],
  ])('four lines, two spans and one statement: %s', async (name, path, init: RequestInit) => {
    const before = await statements();
    const response = await backend.fetch(path, init);
    await response.text();
    const traceId = traceIdOf(response);
    await eventually(() => {
      const spans = agent.spans().filter((span) => span.traceId === traceId);
      expect(spans.map(({ operationName }) => operationName)).toContain(name);
      expect(spans).toHaveLength(2);
    });
    expect(backend.lines.filter((line) => line['trace_id'] === traceId)).toHaveLength(4);
    expect((await statements()) - before).toBe(1);
  });

  const ask = async (times: number, headers: Record<string, string> = {}) => {
    for (let time = 0; time < times; time += 1) await (await backend.fetch('/products', { headers })).text();
  };
  const askAtOnce = async (headers: Record<string, string>) => {
    await Promise.all(Array.from({ length: 10 }, () => ask(REQUESTS / 10, headers)));
  };

  it(`no more than ${ALLOCATED_KB_MAX} kB of garbage: GET /products`, async () => {
    const scavenges = () => metric(/^nodejs_gc_duration_seconds_count\{kind="minor"\}/);
    await ask(REQUESTS);
    const before = await scavenges();
    await ask(REQUESTS);
    const allocated = (((await scavenges()) - before) * SEMI_SPACE_MB * 1_024) / REQUESTS;
    report(`cost: about ${allocated.toFixed(0)} kB allocated for a GET /products`);
    expect(allocated).toBeLessThan(ALLOCATED_KB_MAX);
  });

  it(`no more than ${LEFT_KB_MAX} kB that only a full collection finds: GET /products`, async () => {
    const fullCollections = () => metric(/^nodejs_gc_duration_seconds_count\{kind="major"\}/);
    const oldGeneration = () => metric(/^nodejs_heap_space_size_used_bytes\{space="old"\}/);
    const unsampled = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' };
    const before = await fullCollections();
    await eventually(async () => {
      backend.child.kill('SIGWINCH');
      expect(await fullCollections()).toBeGreaterThan(before);
    });
    await askAtOnce(unsampled);
    const used = await oldGeneration();
    await askAtOnce(unsampled);
    const left = ((await oldGeneration()) - used) / 1_024 / REQUESTS;
    report(`cost: ${left.toFixed(1)} kB of a GET /products in the old generation`);
    expect(left).toBeLessThan(LEFT_KB_MAX);
  });
});

const countsFile = path.join(folder, 'counts');
const counting = `
  import { createHook } from 'node:async_hooks';
  import { writeFileSync } from 'node:fs';
  import { ServerResponse } from 'node:http';
  const counts = { promises: 0, timers: 0, turns: 0, setHeader: 0 };
  const names = { PROMISE: 'promises', Timeout: 'timers', Immediate: 'turns' };
  createHook({ init: (_id, type) => { if (type in names) counts[names[type]] += 1; } }).enable();
  const { setHeader } = ServerResponse.prototype;
  ServerResponse.prototype.setHeader = function (...header) { counts.setHeader += 1; return setHeader.apply(this, header); };
  process.on('SIGWINCH', () => writeFileSync(${JSON.stringify(countsFile)}, JSON.stringify(counts)));`;

it.each([
  ['GET /products/:id', '/products/1'],
  ['products.list', '/trpc/products.list'],
])('a request costs no more promises, timers, turns and calls of setHeader() than it did: %s', async (title, path) => {
  const environment = { JAEGER_AGENT_PORT: String(agent.port) };
  await using counted = await startBackend(environment, {
    nodeArguments: ['--import', asModule(counting), ...preload],
  });
  const ask = async () => {
    for (let time = 0; time < REQUESTS; time += 1) await (await counted.fetch(path)).text();
  };
  const read = async () => {
    rmSync(countsFile, { force: true });
    counted.child.kill('SIGWINCH');
    return eventually(() => JSON.parse(readFileSync(countsFile, 'utf8')) as typeof COUNTS_MAX);
  };
  await ask();
  const before = await read();
  await ask();
  const after = await read();
  for (const [name, max] of Object.entries(COUNTS_MAX)) {
    const count = (after[name as keyof typeof COUNTS_MAX] - before[name as keyof typeof COUNTS_MAX]) / REQUESTS;
    report(`cost: ${count.toFixed(2)} ${name} of ${title}`);
    expect(count, name).toBeLessThanOrEqual(max);
  }
});

it('a start loads nothing that it does not use', async () => {
  expect(await backend.stop()).toBe(0);
  const modules = readFileSync(modulesFile, 'utf8')
    .split('\n')
    .filter((url) => url.startsWith('file:'));
  report(`cost: ${modules.length} modules loaded`);
  expect(modules.length).toBeLessThan(MODULES_MAX);
  // As ES modules, they cost 2 s.
  expect(modules.filter((url) => /\/drizzle-orm\/.*\.js$/.test(url))).toEqual([]);
  const unused = /swagger-ui-bundle|auto-instrumentations-node|exporter-jaeger|instrumentation-pg|\/drizzle-kit\//;
  expect(modules.filter((url) => unused.test(url))).toEqual([]);
});
