// Clients that generators of other languages make of the document, compiled, and called against the service.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildGo, installPython, run } from '@products/programs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Backend, type RunningProcess, run as runService, startBackend, urlOf } from '../backend.js';

const sources = path.join(import.meta.dirname, 'clients');

let service: Backend;
let withoutDatabase: RunningProcess;
let urls: readonly string[];
let folder: string;
let document: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'products-clients-'));
  service = await startBackend();
  withoutDatabase = runService({ DATABASE_URL: 'postgresql://x:x@127.0.0.1:1/x' });
  urls = [service.url, await urlOf(withoutDatabase)];
  document = path.join(folder, 'openapi.json');
  writeFileSync(document, await (await service.fetch('/openapi.json')).text());
});
afterAll(async () => {
  await service?.stop();
  await withoutDatabase?.stop();
  rmSync(folder, { recursive: true });
});

/** With openapi-python-client. Resolves with what the program prints. */
async function callFromPython(): Promise<string> {
  const client = path.join(folder, 'python');
  const python = await installPython('openapi-python-client', path.join(sources, 'python/requirements.txt'));
  cpSync(path.join(sources, 'python'), client, { recursive: true });
  const options = ['--config', 'config.yml', '--meta', 'none', '--output-path', 'products', '--fail-on-warning'];
  const generate = ['-m', 'openapi_python_client', 'generate', '--path', document, ...options];
  await run(python, generate, { cwd: client });
  return run(python, ['-W', 'error', 'main.py', ...urls], { cwd: client });
}

/** With oapi-codegen. Resolves with what the program prints. */
async function callFromGo(): Promise<string> {
  const client = path.join(folder, 'go');
  const generator = await buildGo('oapi-codegen', [
    { package: 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen', version: 'v2.8.2' },
  ]);
  cpSync(path.join(sources, 'go'), client, { recursive: true });
  mkdirSync(path.join(client, 'products'));
  const generate = ['-generate', 'types,client', '-package', 'products', '-o', 'products/products.go', document];
  await run(path.join(generator, 'oapi-codegen'), generate, { cwd: client });
  await run('go', ['vet', './...'], { cwd: client });
  await run('go', ['build', '-o', 'client', '.'], { cwd: client });
  return run(path.join(client, 'client'), urls, { cwd: client });
}

it.each([
  ['Python', callFromPython],
  ['Go', callFromGo],
])(
  'a client generated for %s reads lists, pages, products, and errors',
  async (_, call) => {
    expect(JSON.parse(await call())).toEqual({
      list: expect.any(Number),
      pages: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      created: { name: 'Crème', price: 2_899.99, category: 'Épicerie' },
      isFound: true,
      refused: { code: 'BAD_REQUEST', fields: ['name', 'price'], trace: true },
      missing: { code: 'NOT_FOUND', fields: [], trace: true, id: 987_654_321 },
      unavailable: { code: 'SERVICE_UNAVAILABLE', fields: [], trace: true },
    });
  },
  600_000,
);
