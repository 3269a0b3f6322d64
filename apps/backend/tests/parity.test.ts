import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { corpus } from '@products/acceptance';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Backend, startBackend } from './backend.js';

const require = createRequire(import.meta.url);
const cli = require.resolve('@products/acceptance/parity');
const folder = mkdtempSync(path.join(tmpdir(), 'products-parity-'));
const logsOf = (side: string) => path.join(folder, `${side}.log`);

let original: Backend;
let other: Backend;
let changed: Server;
let changedUrl: string;

/** Writes a service's lines to a file, some of them changed. */
function keepLog(backend: Backend, side: string, change: (chunk: string) => string = (chunk) => chunk): void {
  writeFileSync(logsOf(side), '> pnpm start\n');
  backend.child.stdout?.on('data', (chunk: Buffer) => appendFileSync(logsOf(side), change(chunk.toString())));
}

/** What a new version might do by mistake. */
function change(incoming: IncomingMessage, body: string, response: ServerResponse): void {
  const { url = '', method } = incoming;
  const target = `${method} ${url}`;
  if (target === 'GET /products/0') response.statusCode = 410;
  if (target === 'OPTIONS /products') response.setHeader('allow', 'GET');
  const changes: Readonly<Record<string, (text: string) => string>> = {
    'GET /products/1': (text) => text.replace('2899.99', '2899.9'),
    'GET /metrics': (text) => text.replaceAll('http_requests_in_flight', 'http_requests_inflight'),
  };
  response.removeHeader('content-length');
  response.end(changes[target]?.(body) ?? body);
}

/** A proxy in front of a service that changes some of its answers. */
async function startChangingProxy(target: string): Promise<Server> {
  const proxy = createServer((incoming, response) => {
    const { method, url, headers } = incoming;
    const forwarded = request(`${target}`, { method, path: url, headers }, async (answer) => {
      response.statusCode = answer.statusCode ?? 0;
      for (const [name, value] of Object.entries(answer.headers))
        if (value !== undefined) response.setHeader(name, value);
      change(incoming, await text(answer), response);
    });
    incoming.pipe(forwarded);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return proxy;
}

beforeAll(async () => {
  const environment = { SLOW_ENDPOINT_DELAY: '0.1' };
  original = await startBackend(environment);
  other = await startBackend(environment);
  keepLog(original, 'original');
  keepLog(other, 'other');
  keepLog(other, 'changed', (chunk) =>
    chunk
      .replaceAll(/^(.*produits récupérés.*)$/gm, (line) => line.replace('"count"', '"rows"'))
      .replaceAll('Création d’un produit', 'Un produit'),
  );
  changed = await startChangingProxy(other.url);
  changedUrl = `http://127.0.0.1:${(changed.address() as { port: number }).port}`;
});
afterAll(async () => {
  changed.close();
  changed.closeAllConnections();
  await Promise.all([original.stop(), other.stop()]);
  rmSync(folder, { recursive: true });
});

async function parity(...args: string[]) {
  const child = spawn(process.execPath, [cli, '--', ...args]);
  const [output, complaint, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { output, complaint, code };
}

const none = /^\d+ requests to each, 0 unintended differences, 0 intended\n$/;
const logs = (a: string, b: string) => ['--logs-a', logsOf(a), '--logs-b', logsOf(b)];

it('finds no difference between two instances, their logs included', async () => {
  expect(await parity(original.url, other.url, ...logs('original', 'other'))).toMatchObject({
    output: expect.stringMatching(none),
    code: 0,
  });
});

const changedReport = `GET /products
  log INFO <n> produits récupérés: {count} → {rows}

GET /products (of another origin)
  log INFO <n> produits récupérés: {count} → {rows}

GET /products?limit=2
  log INFO <n> produits récupérés: {count} → {rows}

HEAD /products?limit=2
  log INFO <n> produits récupérés: {count} → {rows}

GET /products?limit=2&after=2
  log INFO <n> produits récupérés: {count} → {rows}

GET /products?category=Ordinateurs&q=mac&sort=-price&limit=1
  log INFO <n> produits récupérés: {count} → {rows}

HEAD /products
  log INFO <n> produits récupérés: {count} → {rows}

OPTIONS /products
  header allow: GET, HEAD, POST, OPTIONS → GET

GET /products/1
  body $.price: 2899.99 → 2899.9

GET /products/0
  status: 404 → 410

GET /trpc/products.list
  log INFO <n> produits récupérés: {count} → {rows}

GET /trpc/products.list {"limit":2}
  log INFO <n> produits récupérés: {count} → {rows}

GET /trpc/products.list {"category":"Tablettes","sort":"name","limit":1}
  log INFO <n> produits récupérés: {count} → {rows}

GET /trpc/products.list,health.check (a batch)
  log INFO <n> produits récupérés: {count} → {rows}

POST /products (a product)
  log INFO Création d’un produit: {} → (none)
  log INFO Un produit: (none) → {}

POST /products (a product with a field that is not known)
  log INFO Création d’un produit: {} → (none)
  log INFO Un produit: (none) → {}

POST /trpc/products.create (a product by tRPC)
  log INFO Création d’un produit: {} → (none)
  log INFO Un produit: (none) → {}

(all)
  metric http_requests_in_flight: gauge {} → (none)
  metric http_requests_inflight: (none) → gauge {}

${corpus.length} requests to each, 22 unintended differences, 0 intended
`;

it('finds in a changed service what was changed, and nothing else', async () => {
  const { output, code } = await parity(original.url, changedUrl, ...logs('original', 'changed'));
  expect(output).toBe(changedReport);
  expect(code).toBe(1);
});

it('accepts the differences that a file allows, each with its reason', async () => {
  const allow = path.join(folder, 'allow.json');
  const entries = [
    { reason: 'gone for good', kind: 'status', request: 'GET /products/0', a: '404', b: '410' },
    { reason: 'only GET', kind: 'header', name: 'allow', b: 'GET' },
    { reason: 'rounded', kind: 'body', request: ['GET /products/1', 'HEAD /products/1'], name: '$.price' },
    { reason: 'renamed', kind: 'metric', name: 'http_requests_*flight' },
  ];
  writeFileSync(allow, JSON.stringify(entries));
  expect(await parity(original.url, changedUrl, '--allow', allow)).toMatchObject({
    output: expect.stringMatching(/intended \(2\): renamed\n.* 0 unintended differences, 5 intended\n$/),
    code: 0,
  });

  writeFileSync(allow, JSON.stringify([{ ...entries[0], a: '400' }, ...entries.slice(1)]));
  const { output, code } = await parity(original.url, changedUrl, '--allow', allow);
  expect(output).toContain('GET /products/0\n  status: 404 → 410\n');
  expect(code).toBe(1);
});

it('finds no difference of the service from itself, on any of its routes', async () => {
  const { output, complaint, code } = await parity(original.url, original.url);
  expect({ output, code }).toEqual({ output: expect.stringMatching(none), code: 0 });

  const requests = complaint.split('\n');
  const { paths } = (await (await original.fetch('/openapi.json')).json()) as { paths: Record<string, object> };
  for (const [template, operations] of Object.entries(paths)) {
    const target = new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/?]+')}$`);
    const methods = Object.keys(operations).map((method) => method.toUpperCase());
    const isMade = (wanted: string) =>
      requests.some((name) => {
        const [method, path = ''] = name.split(' ');
        return method === wanted && target.test(path);
      });
    expect(
      methods.filter((method) => !isMade(method)),
      template,
    ).toEqual([]);
  }
});

it.each([
  [[], 'two base URLs are expected'],
  [['http://127.0.0.1:1', 'nowhere'], 'nowhere is no URL'],
  [['http://127.0.0.1:1', 'http://127.0.0.1:1'], 'ECONNREFUSED'],
  [['http://127.0.0.1:1', 'http://127.0.0.1:1', '--logs-a', cli], '--logs-a and --logs-b go together'],
])('exits with 2 when it cannot compare: %o', async (args, complaint) => {
  expect(await parity(...args)).toMatchObject({ code: 2, complaint: expect.stringContaining(complaint) });
});
