import { existsSync, readFileSync } from 'node:fs';
import { createTestDatabase, findFreePort, type TestDatabase } from '@products/db/testing';
import { type JaegerAgent, startJaegerAgent, startJaegerCollector } from '@products/jaeger';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { post, type RunningProcess, run } from './backend.js';
import { eventually } from './eventually.js';

// A password that is configured appears nowhere: not in the log, the metrics, the spans, the answers, the arguments of
// processes, whatever goes wrong.

const CANARY = 'c4n4ry-p4ssw0rd';

let agent: JaegerAgent;
let database: TestDatabase;
beforeAll(async () => {
  agent = await startJaegerAgent();
  database = await createTestDatabase(inject('serverUrl'));
});
afterAll(async () => {
  await agent.stop();
  await database.drop();
});

/** The database's URL with the canary for a password, which is wrong, and these changes. */
function withCanary(changes: Partial<Record<'host' | 'port' | 'pathname' | 'search', string>> = {}): string {
  const url = new URL(database.url);
  Object.assign(url, { password: CANARY, ...changes });
  return url.href;
}

/** Everything that can be seen of a service from outside, once it has been asked for everything. */
async function observe(service: RunningProcess): Promise<string> {
  const seen: string[] = [];
  const started = await Promise.race([service.waitForLine('Service démarré'), service.exited]).catch(() => undefined);
  if (typeof started === 'object') {
    const { url } = started;
    for (const [path, init] of [
      ['/products'],
      ['/products/1'],
      ['/products', post({ name: 'x', price: 1, category: 'y' })],
      ['/health'],
      ['/error'],
      ['/readyz'],
      ['/metrics'],
      ['/openapi.json'],
      ['/trpc/products.list'],
      ['/trpc/health.check'],
    ] as const) {
      const response = await fetch(`${url}${path}`, init);
      seen.push(await response.text(), JSON.stringify([...response.headers]));
    }
    // Where the system shows them as a file; they are the same everywhere.
    const commandLine = `/proc/${service.child.pid}/cmdline`;
    if (existsSync(commandLine)) seen.push(readFileSync(commandLine, 'utf8'));
  }
  await service.stop();
  return [...seen, ...service.lines.map((line) => JSON.stringify(line))].join('\n');
}

it.concurrent.each<[string, () => Promise<Record<string, string>>]>([
  ['is wrong', async () => ({ DATABASE_URL: withCanary() })],
  [
    'is for a server that is not there',
    async () => ({ DATABASE_URL: withCanary({ port: String(await findFreePort()) }) }),
  ],
  ['is for a host without an address', async () => ({ DATABASE_URL: withCanary({ host: 'db.invalid:5432' }) })],
  ['is for a database that does not exist', async () => ({ DATABASE_URL: withCanary({ pathname: '/nowhere' }) })],
  ['stands in a URL that cannot be read', async () => ({ DATABASE_URL: `postgresql://u:${CANARY}%@h:70000/x` })],
  ['stands in a URL of another kind', async () => ({ DATABASE_URL: `mysql://u:${CANARY}@h/x` })],
  [
    'stands in a URL with an unknown sslmode',
    async () => ({ DATABASE_URL: withCanary({ search: '?sslmode=perhaps' }) }),
  ],
  [
    'stands in a URL whose server has no TLS',
    async () => ({ DATABASE_URL: withCanary({ search: '?sslmode=require' }) }),
  ],
  ['is shared by workers', async () => ({ DATABASE_URL: withCanary(), WEB_CONCURRENCY: '2' })],
  [
    'is a collector’s that is not there',
    async () => ({ JAEGER_ENDPOINT: `http://u:${CANARY}@127.0.0.1:${await findFreePort()}/api/traces` }),
  ],
  [
    'is an OTLP collector’s that is not there',
    async () => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://u:${CANARY}@127.0.0.1:${await findFreePort()}`,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${CANARY}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: '300',
    }),
  ],
  [
    'is a sampling endpoint’s that is not there',
    async () => ({
      JAEGER_SAMPLER_TYPE: 'remote',
      JAEGER_SAMPLING_ENDPOINT: `http://u:${CANARY}@127.0.0.1:${await findFreePort()}/sampling`,
    }),
  ],
  ['stands in an endpoint that is no URL', async () => ({ JAEGER_ENDPOINT: `ftp://u:${CANARY}@h` })],
])('a password that %s', async (_, configure) => {
  const environment = { JAEGER_AGENT_PORT: String(agent.port), LOG_LEVEL: 'DEBUG', ...(await configure()) };
  const text = await observe(run({ DATABASE_URL: database.url, DB_POOL_TIMEOUT: '1', ...environment }));
  expect(text.length).toBeGreaterThan(100);
  expect(text).not.toContain(CANARY);
});

it.concurrent('a password in the resource of spans, where OpenTelemetry would put the command line', async () => {
  const collector = await startJaegerCollector();
  const endpoint = collector.url.replace('http://', `http://u:${CANARY}@`);
  await observe(run({ DATABASE_URL: withCanary(), OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }));
  await eventually(() => expect(collector.spans().length).toBeGreaterThan(5));
  const spans = [...collector.batches, ...agent.batches()];
  const text = JSON.stringify(spans, (_, value) => (typeof value === 'bigint' ? String(value) : value));
  expect(text).not.toContain(CANARY);
  await collector.stop();
});
