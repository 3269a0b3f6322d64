import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { asModule, preload, run, startOnSamples, urlOf } from './backend.js';
import { eventually } from './eventually.js';

const backendFolder = path.resolve(import.meta.dirname, '..');

describe.concurrent('the process', () => {
  it('refuses a Node.js that is too old with a line that names both versions, and ends', async () => {
    const older = "Object.defineProperty(process.versions, 'node', { value: '20.20.2' });";
    const service = run({}, { nodeArguments: [...preload, '--import', asModule(older)] });
    expect(await service.exited).toBe(1);
    expect(service.lines).toEqual([
      expect.objectContaining({
        level: 'ERROR',
        message: expect.stringMatching(/Node\.js 24.*requis, reçu : 20\.20\.2/),
      }),
    ]);
  });

  it('ends with a line and a code although its crash handler fails too', async () => {
    // The handler needs what the crash has taken away.
    const breaking = `process.on('SIGUSR2', () => {
      Promise.withResolvers = undefined;
      JSON.stringify = () => { throw new Error('no JSON'); };
      globalThis.setTimeout = () => { throw new Error('no timers'); };
      throw new Error('boom');
    });`;
    const service = run(
      { DATABASE_URL: 'postgresql://x:x@127.0.0.1:1/x' },
      { nodeArguments: [...preload, '--import', asModule(breaking)], stderr: 'pipe' },
    );
    const complaint = text(service.child.stderr ?? Readable.from([]));
    await urlOf(service);
    service.child.kill('SIGUSR2');
    expect(await service.exited).toBe(1);
    expect(await complaint).toMatch(/^Arrêt immédiat : /m);
  });

  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['127.0.0.1', '127.0.0.1'],
  ])('that listens on %s is found live by the image’s health check', async (HOST) => {
    await using service = await startOnSamples({ HOST });
    const { port } = new URL(service.url);
    const check = (environment: Record<string, string>) =>
      spawnSync(process.execPath, ['dist/healthcheck.js'], { cwd: backendFolder, env: environment }).status;
    expect(check({ HOST, PORT: port })).toBe(0);
    expect(check({ HOST: ` ${HOST} `, PORT: `+${port}` })).toBe(0);
    await service.stop();
    expect(check({ HOST, PORT: port })).toBe(1);
  });

  it('keeps its connections and its spans’ receiver when the clock is set back by an hour', async () => {
    const stepping = `const { now } = Date; let back = 0; Date.now = () => now() - back;
      process.on('SIGUSR2', () => { back = 3_600_000; });`;
    await using service = await startOnSamples({}, { nodeArguments: ['--import', asModule(stepping), ...preload] });
    const idle = async () => /pool\{status="idle"\} (\d+)/.exec(await (await service.fetch('/metrics')).text())?.[1];
    const backends = async () => {
      for (let request = 0; request < 20; request += 1) await (await service.fetch('/products/1')).arrayBuffer();
      return idle();
    };
    expect(await backends()).toBe('1');
    service.child.kill('SIGUSR2');
    await sleep(100);
    expect(await backends()).toBe('1');
  });
});

describe.concurrent('SIGHUP', () => {
  it('does nothing to one process', async () => {
    await using service = await startOnSamples();
    service.child.kill('SIGHUP');
    await sleep(500);
    expect((await service.fetch('/products/1')).status).toBe(200);
    expect(await service.stop()).toBe(0);
  });

  it('replaces workers one after the other, without a request lost', async () => {
    await using service = await startOnSamples({ WEB_CONCURRENCY: '2' });
    const pids = () => service.lines.filter(({ message }) => message === 'Processus de travail démarré');
    await eventually(() => expect(pids()).toHaveLength(2));
    service.child.kill('SIGHUP');
    const statuses: number[] = [];
    let isOver = false;
    const replaced = service.waitForLine('Processus de travail remplacés').then(() => {
      isOver = true;
    });
    while (!isOver) statuses.push((await service.fetch('/products/1')).status);
    await replaced;
    expect(new Set(statuses)).toEqual(new Set([200]));
    await eventually(() => expect(pids()).toHaveLength(4));
  });
});

it('a stop answers the connections that the system has accepted and the process has not', async () => {
  // Requests that keep it busy, so that connections wait to be accepted.
  await using service = await startOnSamples({ SLOW_ENDPOINT_DELAY: '0.2' });
  const { hostname, port } = new URL(service.url);
  const load = Array.from({ length: 20 }, async () => {
    for (let request = 0; request < 30; request += 1) {
      await service.fetch('/products').then(
        (response) => response.arrayBuffer(),
        () => {},
      );
    }
  });
  await sleep(300);
  const answers = Array.from({ length: 40 }, async () => {
    const socket = createConnection(Number(port), hostname);
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write('GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    return (await text(socket).catch(() => '')).slice(0, 12);
  });
  // All of them are connected, as far as the system is concerned.
  await sleep(50);
  service.child.kill('SIGTERM');
  const statuses = await Promise.all(answers);
  expect(new Set(statuses)).toEqual(new Set(['HTTP/1.1 200']));
  await Promise.all(load);
  expect(await service.exited).toBe(0);
});
