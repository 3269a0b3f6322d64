import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase } from '@products/db/testing';
import { describe, expect, inject, it } from 'vitest';
import { readJson, run, startOnSamples, urlOf } from './backend.js';
import { requestLine, sendRaw } from './raw-http.js';

describe.concurrent('the start', () => {
  it('fails with the command to run when the table is missing, and creates nothing', async () => {
    const database = await createTestDatabase(inject('serverUrl'), 'template0');
    const service = run({ DATABASE_URL: database.url });
    expect(await service.exited).toBe(1);
    expect(service.lines.at(-1)).toMatchObject({
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
    const service = run({ DATABASE_URL: database.url.replace('postgresql://', 'postgresql+psycopg2://') });
    expect(await readJson(fetch(`${await urlOf(service)}/products`))).toEqual([]);
    await service.stop();
    await database.drop();
  });

  it('says which port is taken', async () => {
    await using first = await startOnSamples();
    const { port } = new URL(first.url);
    const second = run({ DATABASE_URL: inject('samplesUrl'), PORT: port });
    expect(await second.exited).toBe(1);
    expect(second.lines.at(-1)?.message).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}.*PORT`));
  });
});

describe.concurrent('a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s lets what was accepted end, accepts no more, and exits with 0',
    async (signal) => {
      await using backend = await startOnSamples({ SLOW_ENDPOINT_DELAY: '1' });
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
    },
  );
});

describe.concurrent('the stop', () => {
  it('is in order with the documented defaults, where no agent is to be found', async () => {
    await using backend = await startOnSamples({ JAEGER_AGENT_HOST: '' });
    expect((await backend.fetch('/products')).status).toBe(200);
    expect(await backend.stop()).toBe(0);
    expect(backend.lines.at(-1)?.message).toBe('Service arrêté');
  });

  it('happens although nobody reads stdout, which has not held up the requests either', async () => {
    await using backend = await startOnSamples();
    backend.child.stdout?.pause();
    const long = `/${'x'.repeat(4_000)}`;
    const areLinesDropped = async () =>
      /^log_lines_dropped_total [1-9]/m.test(await (await backend.fetch('/metrics')).text());
    while (!(await areLinesDropped())) {
      const responses = await Promise.all(Array.from({ length: 100 }, () => backend.fetch(long)));
      for (const { status } of responses) expect(status).toBe(404);
    }
    backend.child.kill('SIGTERM');
    await once(backend.child, 'exit');
    backend.child.stdout?.resume();
  });

  it('goes on serving for SHUTDOWN_DELAY, not ready and closing connections', async () => {
    await using backend = await startOnSamples({ SHUTDOWN_DELAY: '1' });
    backend.child.kill('SIGTERM');
    await backend.waitForLine('Arrêt du service : SIGTERM');
    const ready = await backend.fetch('/readyz');
    expect(ready.status).toBe(503);
    const { status, headers } = await sendRaw(
      backend.url,
      requestLine('GET', '/products').replace('close', 'keep-alive'),
    );
    expect(status).toBe(200);
    expect(headers['connection']).toBe('close');
    expect(await backend.exited).toBe(0);
  });

  it('cuts off what takes longer than SHUTDOWN_TIMEOUT, and says so', async () => {
    await using backend = await startOnSamples({ SLOW_ENDPOINT_DELAY: '30', SHUTDOWN_TIMEOUT: '0.5' });
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
  });

  it('does not wait for connections that never had a request', async () => {
    await using backend = await startOnSamples({ SHUTDOWN_TIMEOUT: '20' });
    const { hostname, port } = new URL(backend.url);
    const silent = connect(Number(port), hostname);
    await once(silent, 'connect');
    const startedAt = performance.now();
    expect(await backend.stop()).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(backend.lines.map(({ message }) => message)).not.toContain('Requêtes interrompues : délai d’arrêt dépassé');
  });

  it('is in order although the reader of stdout has gone', async () => {
    await using backend = await startOnSamples();
    backend.child.stdout?.destroy();
    for (let request = 0; request < 20; request += 1) expect((await backend.fetch('/products')).status).toBe(200);
    expect(await (await backend.fetch('/metrics')).text()).toMatch(/^log_lines_dropped_total [1-9]/m);
    backend.child.kill('SIGTERM');
    expect(await once(backend.child, 'exit')).toEqual([0, null]);
  });

  it('is forced by a second signal, but not by the two that one Ctrl-C can be', async () => {
    await using backend = await startOnSamples({ SLOW_ENDPOINT_DELAY: '30', SHUTDOWN_TIMEOUT: '20' });
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
  });
});
