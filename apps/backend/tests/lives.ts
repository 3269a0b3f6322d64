// How a service can fare and end, each of which makes it write lines that no other does.

import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase, findFreePort } from '@products/db/testing';
import { expect, inject } from 'vitest';
import { asModule, type LogLine, preload, run, startOnSamples, urlOf } from './backend.js';
import { createCheckout } from './checkout.js';
import { eventually } from './eventually.js';
import { startFaultProxy } from './fault-proxy.js';
import { runWithFewFiles } from './few-files.js';

type Life = () => Promise<readonly LogLine[]>;

const nobody = 'postgresql://x:x@127.0.0.1:1/x';

const misconfigured: Life = async () => {
  const service = run({ PORT: 'x' });
  expect(await service.exited).toBe(1);
  return service.lines;
};

export async function withoutDatabase(environment: Readonly<Record<string, string>>): ReturnType<Life> {
  const nowhere = Object.assign(new URL(inject('serverUrl')), { pathname: '/nowhere' });
  await using service = run({ DATABASE_URL: nowhere.href, ...environment });
  await service.waitForLine(/^Base de données injoignable/);
  await fetch(`${await urlOf(service)}/health`);
  await service.stop();
  return service.lines;
}

const withoutPreload: Life = async () => {
  await using service = run({ DATABASE_URL: nobody }, { nodeArguments: [] });
  await fetch(`${await urlOf(service)}/health`);
  await service.stop();
  return service.lines;
};

const withoutReplica: Life = async () => {
  await using service = await startOnSamples({ DATABASE_REPLICA_URL: nobody, DB_PREPARED_STATEMENTS: 'off' });
  expect((await service.fetch('/products')).status).toBe(200);
  await service.stop();
  return service.lines;
};

const withoutAnIndex: Life = async () => {
  const database = await createTestDatabase(inject('serverUrl'));
  await database.query(`DROP INDEX products_price_id_idx;
    INSERT INTO products (name, price, category, created_at)
      SELECT 'Lampe', n, 'Maison', now() FROM generate_series(1, 10000) AS n;
    ANALYZE products`);
  const service = await startOnSamples({ DATABASE_URL: database.url });
  await service.stop();
  await database.drop();
  return service.lines;
};

const withoutStrategy: Life = async () => {
  await using service = run({
    DATABASE_URL: nobody,
    JAEGER_SAMPLER_TYPE: 'remote',
    JAEGER_SAMPLING_ENDPOINT: `http://127.0.0.1:${await findFreePort()}/sampling`,
    JAEGER_TRACEID_128BIT: 'true',
  });
  await service.waitForLine('Variable ignorée : JAEGER_TRACEID_128BIT (les ids de trace ont toujours 128 bits)');
  await service.waitForLine(/^Stratégie d’échantillonnage indisponible/);
  await service.stop();
  return service.lines;
};

const withMoreConnectionsThanFiles: Life = async () => {
  await using service = runWithFewFiles(nobody);
  const { hostname, port } = new URL(await urlOf(service));
  const sockets = Array.from({ length: 200 }, () => connect(Number(port), hostname).on('error', () => {}));
  for (const socket of sockets) socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await service.waitForLine(/^Trop de connexions/);
  for (const socket of sockets) socket.destroy();
  await service.stop();
  return service.lines;
};

const withoutTraces: Life = async () => {
  await using service = run({ DATABASE_URL: nobody, OTEL_SDK_DISABLED: 'true' });
  await urlOf(service);
  await service.stop();
  return service.lines;
};

const withoutReceiver: Life = async () => {
  await using service = run({
    DATABASE_URL: nobody,
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_METRIC_EXPORT_INTERVAL: '2000',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await findFreePort()}`,
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
  });
  await service.waitForLine(/^Lignes non exportées/);
  await service.waitForLine(/^Métriques non exportées/);
  await service.stop();
  return service.lines;
};

/** An agent that is injected before the service's own preload. */
export const injectedAgent: readonly string[] = [
  '--require',
  createRequire(path.resolve(import.meta.dirname, '../../../packages/telemetry/package.json')).resolve(
    '@opentelemetry/auto-instrumentations-node/register',
  ),
];

/** What keeps that agent to itself. */
export const agentEnvironment = {
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_NODE_RESOURCE_DETECTORS: 'none',
};

const withAForeignTracer: Life = async () => {
  const nodeArguments = [...injectedAgent, ...preload];
  await using service = run({ DATABASE_URL: nobody, ...agentEnvironment }, { nodeArguments });
  await urlOf(service);
  await service.stop();
  return service.lines;
};

/** A preload that lets nothing load OpenTelemetry's SDK. */
export const brokenSdk: readonly string[] = [
  '--import',
  asModule(`import { registerHooks } from 'node:module';
    registerHooks({ resolve(specifier, context, next) {
      if (specifier === '@opentelemetry/sdk-node') throw new Error('broken');
      return next(specifier, context);
    } });`),
];

const withBrokenInstrumentationAndNoPort: Life = async () => {
  const nodeArguments = [...brokenSdk, ...preload];
  const service = run({ DATABASE_URL: nobody, HOST: '192.0.2.1' }, { nodeArguments });
  expect(await service.exited).toBe(1);
  return service.lines;
};

const stoppedWhileItsDatabaseIsSilent: Life = async () => {
  const { port } = new URL(inject('samplesUrl'));
  const proxy = await startFaultProxy(Number(port));
  const url = Object.assign(new URL(inject('samplesUrl')), { port: String(proxy.port) });
  const service = run({ DATABASE_URL: url.href, SLOW_ENDPOINT_DELAY: '30', SHUTDOWN_TIMEOUT: '0.1' });
  const serviceUrl = await urlOf(service);
  proxy.fault = 'blackhole';
  const waiting = Promise.all(
    ['/products', '/slow'].map((path) => fetch(`${serviceUrl}${path}`).then(({ status }) => status)),
  );
  await service.waitForLine('Requête reçue: GET /slow');
  service.child.kill('SIGTERM');
  expect(await waiting).toEqual([503, 503]);
  expect(await service.exited).toBe(1);
  await proxy.stop();
  return service.lines;
};

const withoutAgentAndStoppedByForce: Life = async () => {
  await using service = await startOnSamples({
    JAEGER_AGENT_HOST: 'agent.invalid',
    SLOW_ENDPOINT_DELAY: '30',
    SHUTDOWN_TIMEOUT: '30',
  });
  await (await service.fetch('/livez')).text();
  await (await service.fetch('/products')).text();
  await service.waitForLine(/^Spans perdus/);
  const slow = service.fetch('/slow').catch(() => {});
  await service.waitForLine('Requête reçue: GET /slow');
  service.child.kill('SIGTERM');
  await service.waitForLine('Arrêt du service : SIGTERM');
  // A second signal counts after a second.
  await sleep(1_200);
  service.child.kill('SIGTERM');
  await slow;
  await service.exited;
  return service.lines;
};

const withAnErrorThatNothingCatches: Life = async () => {
  const failing = "process.on('SIGUSR2', () => { throw new Error('boom'); });";
  const nodeArguments = [...preload, '--import', asModule(failing)];
  const service = run({ DATABASE_URL: nobody }, { nodeArguments });
  await urlOf(service);
  service.child.kill('SIGUSR2');
  expect(await service.exited).toBe(1);
  return service.lines;
};

const withWorkersThatEndAndAreReplaced: Life = async () => {
  const checkout = createCheckout();
  const service = run({ DATABASE_URL: nobody, WEB_CONCURRENCY: '2' }, { folder: checkout.backendFolder });
  await urlOf(service);
  const started = () => service.lines.filter(({ message }) => message === 'Processus de travail démarré');
  // Their lines come by the primary process, and may come after its own.
  await eventually(() => expect(started()).toHaveLength(2));
  process.kill(Number(started()[0]?.['pid']), 'SIGKILL');
  await eventually(() => expect(started()).toHaveLength(3));
  service.child.kill('SIGUSR2');
  await service.waitForLine('Processus de travail remplacés');
  rmSync(`${checkout.backendFolder}/dist/workers/worker.js`);
  service.child.kill('SIGUSR2');
  await service.waitForLine('Remplacement des processus de travail interrompu');
  // The others go on; one that has to be replaced cannot be any more, which is given up in the end.
  process.kill(Number(started().at(-1)?.['pid']), 'SIGTERM');
  expect(await service.waitForLine(/^Arrêt du service : .* avant de servir$/)).toMatchObject({ level: 'ERROR' });
  expect(await service.exited).toBe(1);
  checkout.remove();
  return service.lines;
};

const withAnEmbeddedDatabaseThatDies: Life = async () => {
  const checkout = createCheckout();
  const service = run({}, { folder: checkout.backendFolder });
  await urlOf(service);
  process.kill(checkout.serverPid(), 'SIGKILL');
  expect(await service.exited).toBe(1);
  checkout.remove();
  return service.lines;
};

/** Each resolves with all the lines of a service. */
export const lives: readonly Life[] = [
  misconfigured,
  withoutPreload,
  withoutReplica,
  withoutAnIndex,
  withoutStrategy,
  withMoreConnectionsThanFiles,
  withoutTraces,
  withoutReceiver,
  withAForeignTracer,
  withBrokenInstrumentationAndNoPort,
  stoppedWhileItsDatabaseIsSilent,
  withoutAgentAndStoppedByForce,
  withAnErrorThatNothingCatches,
  withWorkersThatEndAndAreReplaced,
  withAnEmbeddedDatabaseThatDies,
];
