// With a console beside it, the service answers and logs what it does without.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createTestDatabase } from '@products/db/testing';
import { afterAll, expect, inject, it } from 'vitest';
import { follow, preload, type RunningProcess } from '../backend.js';

const apps = path.resolve(import.meta.dirname, '../../..');
const folder = mkdtempSync(path.join(tmpdir(), 'products-console-parity-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// biome-ignore lint/style/noProcessEnv: the Node.js that runs the tests runs the service.
const { PATH = '' } = process.env;

/** Starts the service, by this command before its own. Its lines go to a file too. */
async function start(name: string, before: readonly string[]): Promise<RunningProcess & { url: string; log: string }> {
  const database = await createTestDatabase(inject('serverUrl'), inject('seededTemplate'));
  const child = spawn(process.execPath, [...before, ...preload, 'dist/main.js'], {
    cwd: path.join(apps, 'backend'),
    env: {
      PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: database.url,
      SLOW_ENDPOINT_DELAY: '0.1',
      // Blank: links differ by the ids of their traces.
      TRACE_URL: ' ',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  }) as ChildProcessByStdio<null, Readable, null>;
  const log = path.join(folder, `${name}.log`);
  appendFileSync(log, '');
  child.stdout.on('data', (chunk: Buffer) => appendFileSync(log, chunk));
  const running = follow(child);
  const { url } = await running.waitForLine('Service démarré');
  return { ...running, url: String(url), log };
}

it('but for ids and times', async () => {
  const runner = [path.join(apps, 'console/dist/cli.js'), 'run', '--folder', folder, '--', process.execPath];
  const [without, beside] = await Promise.all([start('without', []), start('beside', runner)]);
  const cli = createRequire(import.meta.url).resolve('@products/acceptance/parity');
  const logs = ['--logs-a', without.log, '--logs-b', beside.log];
  const child = spawn(process.execPath, [cli, '--', without.url, beside.url, ...logs], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  expect(output).toMatch(/^\d+ requests to each, 0 unintended differences, 0 intended\n$/);
  expect(code).toBe(0);
  await Promise.all([without.stop(), beside.stop()]);
});
