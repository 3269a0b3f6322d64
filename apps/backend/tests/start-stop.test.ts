import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase } from '@products/db/testing';
import { describe, expect, inject, it } from 'vitest';
import { type Backend, run, startBackend } from './backend.js';
import { requestLine, sendRaw } from './raw-http.js';

describe('the start', () => {
  it('fails with the command to run when the table is missing, and creates nothing', async () => {
    const database = await createTestDatabase(inject('serverUrl'), 'template0');
    const running = run({ DATABASE_URL: database.url });
    expect(await running.exited).toBe(1);
    expect(running.lines.at(-1)).toMatchObject({
      level: 'ERROR',
      message: expect.stringMatching(/« products » n'existe pas.*pnpm db:init/),
    });
    expect(await database.query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")).toEqual(
      [],
    );
    expect(await database.query("SELECT nspname FROM pg_namespace WHERE nspname = 'drizzle'")).toEqual([]);
    await database.drop();
  });

  it('takes the URL of the Flask service as it is', async () => {
    const database = await createTestDatabase(inject('serverUrl'));
    const backend = run({ DATABASE_URL: database.url.replace('postgresql://', 'postgresql+psycopg2://') });
    const { url } = await backend.waitForLine('Service démarré');
    expect(await (await fetch(`${url}/products`)).json()).toEqual([]);
    backend.child.kill('SIGTERM');
    await backend.exited;
    await database.drop();
  });

  it('says which port is taken', async () => {
    const first = await startBackend();
    const { port } = new URL(first.url);
    const second = run({ DATABASE_URL: first.database.url, PORT: port });
    expect(await second.exited).toBe(1);
    expect(second.lines.at(-1)?.message).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}.*PORT`));
    await first.stop();
  });

  it('joins a request’s lines and its response by one trace', async () => {
    const backend = await startBackend();
    const response = await backend.fetch('/products');
    const [, traceId, spanId] = response.headers.get('traceresponse')?.split('-') ?? [];
    const lines = () => backend.lines.filter((line) => line['trace_id'] === traceId);
    await expect.poll(lines).toHaveLength(4);
    expect(lines().map(({ message }) => message)).toEqual([
      'Requête reçue: GET /products',
      'Récupération de tous les produits',
      '10 produits récupérés',
      'Requête complétée: GET /products',
    ]);
    const spanIds = lines().map((line) => line['span_id']);
    expect(spanIds).toEqual([spanId, spanId, expect.not.stringMatching(String(spanId)), spanId]);
    await backend.stop();
  });
});

describe.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s', (signal) => {
  it('lets what was accepted end, accepts no more, and exits with 0', async () => {
    const backend = await startBackend({ SLOW_ENDPOINT_DELAY: '1' });
    const slow = backend.fetch('/slow');
    await backend.waitForLine('Requête reçue: GET /slow');
    backend.child.kill(signal);
    await backend.waitForLine(`Arrêt du service : ${signal}`);
    const connecting = () =>
      backend.fetch('/livez').then(
        () => 'accepted',
        () => 'refused',
      );
    await expect.poll(connecting, { timeout: 900 }).toBe('refused');
    const response = await slow;
    expect(response.status).toBe(200);
    expect(response.headers.get('connection')).toBe('close');
    expect(await backend.exited).toBe(0);
    expect(backend.lines.at(-1)?.message).toBe('Service arrêté');
    await backend.database.drop();
  });
});

describe('the stop', () => {
  it('is in order with the documented defaults, where no agent is to be found', async () => {
    const backend = await startBackend({ JAEGER_AGENT_HOST: '' });
    expect((await backend.fetch('/products')).status).toBe(200);
    expect(await backend.stop()).toBe(0);
    expect(backend.lines.at(-1)?.message).toBe('Service arrêté');
  });

  it('happens although nobody reads stdout, which has not held up the requests either', async () => {
    const backend = await startBackend();
    backend.child.stdout?.pause();
    const long = `/${'x'.repeat(4_000)}`;
    for (let request = 0; request < 200; request += 1) {
      const responses = await Promise.all(Array.from({ length: 10 }, () => backend.fetch(long)));
      for (const { status } of responses) expect(status).toBe(404);
    }
    expect(await (await backend.fetch('/metrics')).text()).toMatch(/^log_lines_dropped_total [1-9]/m);
    backend.child.kill('SIGTERM');
    await once(backend.child, 'exit');
    backend.child.stdout?.resume();
    await backend.exited;
    await backend.database.drop();
  });

  async function stopping(environment: Record<string, string>): Promise<Backend> {
    const backend = await startBackend(environment);
    backend.child.kill('SIGTERM');
    await backend.waitForLine('Arrêt du service : SIGTERM');
    return backend;
  }

  it('goes on serving for SHUTDOWN_DELAY, not ready and closing connections', async () => {
    const backend = await stopping({ SHUTDOWN_DELAY: '1' });
    const ready = await backend.fetch('/readyz');
    expect(ready.status).toBe(503);
    const { status, headers } = await sendRaw(
      backend.url,
      requestLine('GET', '/products').replace('close', 'keep-alive'),
    );
    expect(status).toBe(200);
    expect(headers['connection']).toBe('close');
    expect(await backend.exited).toBe(0);
    await backend.database.drop();
  });

  it('cuts off what takes longer than SHUTDOWN_TIMEOUT, and says so', async () => {
    const backend = await startBackend({ SLOW_ENDPOINT_DELAY: '30', SHUTDOWN_TIMEOUT: '0.5' });
    const slow = backend.fetch('/slow').catch((error: unknown) => error);
    await backend.waitForLine('Requête reçue: GET /slow');
    backend.child.kill('SIGTERM');
    expect(await backend.exited).toBe(1);
    expect(await slow).toMatchObject({ status: 503 });
    const lastLines = backend.lines.filter(({ message }) => !message.startsWith('Spans perdus')).slice(-3);
    expect(lastLines).toEqual([
      expect.objectContaining({ message: 'Requête complétée: GET /slow', status: 503 }),
      expect.objectContaining({ message: 'Requêtes interrompues : délai d’arrêt dépassé' }),
      expect.objectContaining({ message: 'Service arrêté' }),
    ]);
    await backend.database.drop();
  });

  it('does not wait for connections that never had a request', async () => {
    const backend = await startBackend({ SHUTDOWN_TIMEOUT: '20' });
    const { hostname, port } = new URL(backend.url);
    const silent = connect(Number(port), hostname);
    await once(silent, 'connect');
    const startedAt = performance.now();
    expect(await backend.stop()).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(backend.lines.map(({ message }) => message)).not.toContain('Requêtes interrompues : délai d’arrêt dépassé');
  });

  it('is in order although the reader of stdout has gone', async () => {
    const backend = await startBackend();
    backend.child.stdout?.destroy();
    for (let request = 0; request < 20; request += 1) expect((await backend.fetch('/products')).status).toBe(200);
    expect(await (await backend.fetch('/metrics')).text()).toMatch(/^log_lines_dropped_total [1-9]/m);
    backend.child.kill('SIGTERM');
    expect(await once(backend.child, 'exit')).toEqual([0, null]);
    await backend.database.drop();
  });

  it('is forced by a second signal, but not by the two that one Ctrl-C can be', async () => {
    const backend = await startBackend({ SLOW_ENDPOINT_DELAY: '30', SHUTDOWN_TIMEOUT: '20' });
    const slow = backend.fetch('/slow').catch((error: unknown) => error);
    await backend.waitForLine('Requête reçue: GET /slow');
    backend.child.kill('SIGINT');
    backend.child.kill('SIGTERM');
    await backend.waitForLine(/^Arrêt du service/);
    await sleep(1_200);
    expect(backend.child.exitCode).toBeNull();
    backend.child.kill('SIGINT');
    expect(await backend.exited).toBe(1);
    expect(await slow).toBeInstanceOf(TypeError);
    await backend.database.drop();
  });
});
