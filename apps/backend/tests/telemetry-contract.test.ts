import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '@products/db/testing';
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
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Backend, post, type RunningProcess, run, startBackend, traceIdOf } from './backend.js';
import { createCheckout } from './checkout.js';
import { eventually } from './eventually.js';
import { startFaultyDatabase } from './faulty-database.js';

// What comes out is what the contract declares, and all that it declares comes out.

const sorted = (words: Iterable<string>) => [...new Set(words)].sort();

let agent: JaegerAgent;
let backend: Backend;
const processes: RunningProcess[] = [];

/** Starts a service, whose lines are then among those that have come out. */
function observed(running: RunningProcess): RunningProcess {
  processes.push(running);
  return running;
}

const traceOf = (response: Response) => {
  const traceId = traceIdOf(response);
  return agent.spans().filter((span) => span.traceId === traceId);
};

/** Asks for everything that the service can answer, well and badly. */
async function exercise(): Promise<void> {
  const product = { name: 'x', price: 1, category: 'y' };
  const proxied = { headers: { 'X-Forwarded-For': '192.0.2.1' } };
  const batch = encodeURIComponent(JSON.stringify({ 0: {}, 1: { id: 1 } }));
  const ask = async (path: string, init?: RequestInit) => {
    const response = await backend.fetch(path, init);
    await response.arrayBuffer();
    return response;
  };
  await ask('/products', proxied);
  await ask('/products?limit=3');
  await ask('/products/1');
  await ask('/products/9999');
  await ask('/products', post(product));
  await ask('/products', post({ ...product, price: 0 }));
  await ask('/nowhere', { method: 'PROPFIND' });
  for (const path of ['/slow', '/error', '/health', '/metrics', '/livez', '/readyz', '/openapi.json']) await ask(path);
  await ask(`/trpc/products.list,products.byId?batch=1&input=${batch}`);
  await backend.database.query('ALTER TABLE products RENAME TO hidden');
  await ask('/products');
  await ask('/products/1');
  await ask('/products', post(product));
  const last = await ask(`/trpc/products.list,products.byId?batch=1&input=${batch}`);
  await backend.database.query('ALTER TABLE hidden RENAME TO products');
  await askDisconnected();
  await eventually(() => expect(traceOf(last)).toHaveLength(5));
}

/** Asks a service whose database is not there. */
async function askDisconnected(): Promise<void> {
  const running = observed(
    run({ DATABASE_URL: `${inject('serverUrl')}_nowhere`, JAEGER_AGENT_PORT: String(agent.port) }),
  );
  await running.waitForLine(/^Base de données injoignable/);
  const { url } = await running.waitForLine('Service démarré');
  await (await fetch(`${url}/health`)).text();
  running.child.kill('SIGTERM');
  await running.exited;
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
  observed(backend);
  await exercise();
});
afterAll(async () => {
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
  // What the Jaeger format says of every span.
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
  const nobody = 'postgresql://x:x@127.0.0.1:1/x';

  async function leaveSlowly(signalled: Backend): Promise<void> {
    const slow = signalled.fetch('/slow').catch(() => {});
    await signalled.waitForLine('Requête reçue: GET /slow');
    signalled.child.kill('SIGTERM');
    await signalled.waitForLine('Arrêt du service : SIGTERM');
    await slow;
  }

  it('of a service whose configuration is wrong', async () => {
    await observed(run({ PORT: 'x' })).exited;
  });

  it('of a service without its preload, whose database is not there', async () => {
    const running = observed(run({ DATABASE_URL: nobody }, { nodeArguments: [] }));
    const { url } = await running.waitForLine('Service démarré');
    await fetch(`${url}/health`);
    running.child.kill('SIGTERM');
    await running.exited;
  });

  it('of a service without prepared statements, whose replica is not there', async () => {
    const running = observed(
      run({
        DATABASE_URL: backend.database.url,
        DATABASE_REPLICA_URL: nobody,
        DB_PREPARED_STATEMENTS: 'off',
      }),
    );
    const { url } = await running.waitForLine('Service démarré');
    expect((await fetch(`${url}/products`)).status).toBe(200);
    running.child.kill('SIGTERM');
    await running.exited;
  });

  it('of a service that gets no strategy to sample by', async () => {
    const running = observed(
      run({
        DATABASE_URL: nobody,
        JAEGER_SAMPLER_TYPE: 'remote',
        JAEGER_SAMPLING_ENDPOINT: `http://127.0.0.1:${await findFreePort()}/sampling`,
      }),
    );
    await running.waitForLine(/^Stratégie d’échantillonnage indisponible/);
    running.child.kill('SIGTERM');
    await running.exited;
  });

  it('of a service without traces', async () => {
    const running = observed(run({ DATABASE_URL: nobody, OTEL_SDK_DISABLED: 'true' }));
    await running.waitForLine('Service démarré');
    running.child.kill('SIGTERM');
    await running.exited;
  });

  it('of a service whose instrumentation is broken, and which cannot listen', async () => {
    const broken = `import { registerHooks } from 'node:module';
      registerHooks({ resolve(specifier, context, next) {
        if (specifier === '@opentelemetry/sdk-node') throw new Error('broken');
        return next(specifier, context);
      } });`;
    const nodeArguments = [
      '--import',
      `data:text/javascript,${encodeURIComponent(broken)}`,
      '--import',
      '@products/telemetry/register',
    ];
    await observed(run({ DATABASE_URL: nobody, HOST: '192.0.2.1' }, { nodeArguments })).exited;
  });

  it('of a service whose database is frozen when it stops', async () => {
    const database = await startFaultyDatabase();
    const running = observed(run({ DATABASE_URL: database.url, SLOW_ENDPOINT_DELAY: '30', SHUTDOWN_TIMEOUT: '0.1' }));
    const { url } = await running.waitForLine('Service démarré');
    await database.freeze();
    const waiting = Promise.all(
      ['/products', '/slow'].map((path) => fetch(`${url}${path}`).then(({ status }) => status)),
    );
    await running.waitForLine('Requête reçue: GET /slow');
    running.child.kill('SIGTERM');
    expect(await waiting).toEqual([503, 503]);
    expect(await running.exited).toBe(1);
    database.thaw();
    await database.stop();
  });

  it('of a service whose agent has no address, and which is stopped by force', async () => {
    const forced = await startBackend({
      JAEGER_AGENT_HOST: 'agent.invalid',
      SLOW_ENDPOINT_DELAY: '30',
      SHUTDOWN_TIMEOUT: '30',
    });
    observed(forced);
    await (await forced.fetch('/livez')).text();
    await (await forced.fetch('/products')).text();
    await forced.waitForLine(/^Spans perdus/);
    const stopping = leaveSlowly(forced);
    await forced.waitForLine('Arrêt du service : SIGTERM');
    await sleep(1_200);
    forced.child.kill('SIGTERM');
    await stopping;
    await forced.exited;
    await forced.database.drop();
  });

  it('of a service with an error that nothing catches', async () => {
    const failing = "process.on('SIGUSR2', () => { throw new Error('boom'); });";
    const nodeArguments = ['--import', '@products/telemetry/register', '--import', `data:text/javascript,${failing}`];
    const running = observed(run({ DATABASE_URL: nobody }, { nodeArguments }));
    await running.waitForLine('Service démarré');
    running.child.kill('SIGUSR2');
    expect(await running.exited).toBe(1);
  });

  it('of a service with workers, which end, are ended and are replaced', async () => {
    const checkout = createCheckout();
    const running = observed(run({ DATABASE_URL: nobody, WEB_CONCURRENCY: '2' }, { folder: checkout.backendFolder }));
    await running.waitForLine('Service démarré');
    const started = () => running.lines.filter(({ message }) => message === 'Processus de travail démarré');
    // Their lines come by the primary process, and may come after its own.
    await eventually(() => expect(started()).toHaveLength(2));
    const [first, second] = started().map(({ pid }) => Number(pid));
    process.kill(Number(first), 'SIGKILL');
    process.kill(Number(second), 'SIGTERM');
    await eventually(() => expect(started()).toHaveLength(4));
    running.child.kill('SIGUSR2');
    await running.waitForLine('Processus de travail remplacés');
    rmSync(`${checkout.backendFolder}/dist/workers/worker.js`);
    running.child.kill('SIGUSR2');
    await running.waitForLine('Remplacement des processus de travail interrompu');
    // The others go on; one that has to be replaced cannot be any more, which is given up in the end.
    process.kill(Number(started().at(-1)?.['pid']), 'SIGKILL');
    expect(await running.waitForLine(/^Arrêt du service : .* avant de servir$/)).toMatchObject({ level: 'ERROR' });
    expect(await running.exited).toBe(1);
    checkout.remove();
  }, 240_000);

  it('of a service whose embedded database dies', async () => {
    const checkout = createCheckout();
    const running = observed(run({}, { folder: checkout.backendFolder }));
    await running.waitForLine('Service démarré');
    process.kill(checkout.serverPid(), 'SIGKILL');
    expect(await running.exited).toBe(1);
    checkout.remove();
  });

  it('has the declared lines at the declared levels, all of them', async () => {
    expect(await backend.stop()).toBe(0);
    const written = processes.flatMap(({ lines }) => lines.map((line) => `${matchLine(line)} ${line.level}`));
    const declared = Object.entries(logEvents).flatMap(([name, { levels }]) =>
      levels.map((level) => `${name} ${level}`),
    );
    expect(sorted(written)).toEqual(sorted(declared));
  });
});
