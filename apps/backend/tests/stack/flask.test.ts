import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { findFreePort } from '@products/db/testing';
import { installPython } from '@products/programs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Backend, startBackend } from '../backend.js';
import { eventually } from '../eventually.js';

// Beside a Flask service on the libraries of the one that this service replaces: gunicorn, SQLAlchemy,
// prometheus-flask-exporter, python-json-logger, jaeger-client. Both work on one database.

const cli = createRequire(import.meta.url).resolve('@products/acceptance/parity');
const application = path.join(import.meta.dirname, 'flask');
const folder = mkdtempSync(path.join(tmpdir(), 'products-flask-'));
const logs = { flask: path.join(folder, 'flask.log'), ours: path.join(folder, 'ours.log') };

let ours: Backend;
let flask: ChildProcess;
let flaskUrl: string;

beforeAll(async () => {
  const python = await installPython('flask', path.join(application, 'requirements.txt'));
  const port = await findFreePort();
  flaskUrl = `http://127.0.0.1:${port}`;
  ours = await startBackend({ SLOW_ENDPOINT_DELAY: '0.1' });
  writeFileSync(logs.ours, '');
  ours.child.stdout?.on('data', (chunk: Buffer) => appendFileSync(logs.ours, chunk));
  const out = openSync(logs.flask, 'w');
  flask = spawn(python, ['-m', 'gunicorn', '--bind', `127.0.0.1:${port}`, '--workers', '2', 'app:app'], {
    cwd: application,
    env: {
      DATABASE_URL: ours.database.url,
      SLOW_ENDPOINT_DELAY: '0.1',
      PYTHONUNBUFFERED: '1',
      PYTHONDONTWRITEBYTECODE: '1',
    },
    stdio: ['ignore', out, 'ignore'],
  });
  closeSync(out);
  await eventually(async () => expect((await fetch(`${flaskUrl}/health`)).status).toBe(200));
}, 300_000);
afterAll(async () => {
  const ended = once(flask, 'exit');
  flask.kill();
  await ended;
  await ours.stop();
  rmSync(folder, { recursive: true });
});

async function parity(...further: string[]) {
  const child = spawn(process.execPath, [
    cli,
    ...further,
    flaskUrl,
    ours.url,
    '--logs-a',
    logs.flask,
    '--logs-b',
    logs.ours,
  ]);
  const [output, , [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { output, code };
}

it('differs from it in what is intended alone, with who notices, although its lines name no trace', async () => {
  const { output, code } = await parity('--from-flask');
  expect(output).toContain('note: the lines of A name no trace: they were matched by their order');
  expect(output).toMatch(/ 0 unintended differences, \d+ intended\n$/);
  expect(output.match(/^intended .*$/gm)?.every((line) => line.includes('(affects '))).toBe(true);
  expect(code).toBe(0);
});

it('reads its rows, and it ours', async () => {
  const product = { name: 'Vase', price: 12.5, category: 'Maison' };
  const create = (url: string) =>
    fetch(`${url}/products`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(product),
    }).then((response) => response.json() as Promise<{ id: number }>);
  for (const [writer, reader] of [
    [flaskUrl, ours.url],
    [ours.url, flaskUrl],
  ] as const) {
    const { id } = await create(writer);
    expect(await (await fetch(`${reader}/products/${id}`)).json()).toMatchObject({ id, ...product });
  }
});
