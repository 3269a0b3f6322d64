// deploy/nginx/products.conf in a real nginx, in front of the service: docs/exposure.md.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { findFreePort } from '@products/db/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Backend, startBackend } from '../backend.js';
import { eventually } from '../eventually.js';

const repository = path.resolve(import.meta.dirname, '../../../..');
const folder = mkdtempSync(path.join(tmpdir(), 'products-nginx-'));

let backend: Backend;
let port: number;
let stop: () => Promise<unknown>;
beforeAll(async () => {
  backend = await startBackend({ DIAGNOSTICS: 'off', TRACE_CONTEXT: 'ignore' });
  port = await findFreePort();
  const openssl = (command: string) => execFileSync('openssl', command.split(' '), { cwd: folder, encoding: 'utf8' });
  openssl('req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout tls.key -out tls.crt');
  const hash = openssl('passwd -6 secret').trim();
  writeFileSync(path.join(folder, 'readers'), `rita:${hash}\nwilma:${hash}\n`);
  writeFileSync(path.join(folder, 'writers'), `wilma:${hash}\n`);
  const site = readFileSync(path.join(repository, 'deploy/nginx/products.conf'), 'utf8')
    .replace('127.0.0.1:5000', new URL(backend.url).host)
    .replace('listen 8443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replaceAll('/etc/nginx/tls/', `${folder}/`)
    .replaceAll('/etc/nginx/products/', `${folder}/`);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    path.join(folder, 'nginx.conf'),
    `user root; daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {} http { access_log off; ${paths.join(' ')}\n${site}\n}`,
  );
  const nginx = spawn('/usr/sbin/nginx', ['-p', folder, '-c', 'nginx.conf'], { stdio: 'inherit' });
  const ended = once(nginx, 'exit');
  stop = () => {
    nginx.kill('SIGTERM');
    return ended;
  };
  await eventually(async () => expect((await ask('/health')).status).toBe(200));
});
afterAll(async () => {
  await stop();
  await backend.stop();
  rmSync(folder, { recursive: true });
});

interface Options {
  readonly user?: string;
  readonly method?: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(target: string, { user, method = 'GET', body, headers = {} }: Options = {}) {
  const sent = request({
    host: '127.0.0.1',
    port,
    path: target,
    method,
    rejectUnauthorized: false,
    headers: { ...(body && { 'Content-Type': 'application/json' }), ...headers },
    ...(user && { auth: `${user}:secret` }),
  });
  sent.end(body && JSON.stringify(body));
  const [response] = await once(sent, 'response');
  return { status: response.statusCode as number, headers: response.headers, body: await text(response) };
}

it('nobody gets anything without a password but whether the service is healthy', async () => {
  for (const target of ['/products', '/products/1', '/trpc/products.list', '/metrics', '/docs', '/']) {
    expect((await ask(target)).status, target).not.toBe(200);
  }
  expect((await ask('/products')).status).toBe(401);
  expect((await ask('/health')).status).toBe(200);
});

it('a reader reads, through both transports, and changes nothing', async () => {
  expect((await ask('/products?limit=2', { user: 'rita' })).status).toBe(200);
  expect((await ask('/trpc/products.list', { user: 'rita' })).status).toBe(200);
  const body = { name: 'Vase', price: 1, category: 'Maison' };
  for (const [target, change] of [
    ['/products', { method: 'POST', body }],
    ['/products/1', { method: 'PATCH', body }],
    ['/products/1', { method: 'DELETE' }],
    ['/trpc/products.create', { method: 'POST', body }],
  ] as const) {
    expect((await ask(target, { user: 'rita', ...change })).status, `${change.method} ${target}`).toBe(401);
  }
  expect(await backend.database.query('SELECT count(*)::int FROM products')).toEqual([{ count: 10 }]);
});

it('a writer changes too', async () => {
  const body = { name: 'Vase', price: 1, category: 'Maison' };
  const created = await ask('/products', { user: 'wilma', method: 'POST', body });
  expect(created.status).toBe(201);
  const { id } = JSON.parse(created.body) as { id: number };
  expect((await ask(`/products/${id}`, { user: 'wilma', method: 'PATCH', body: { price: 2 } })).status).toBe(200);
  expect((await ask(`/products/${id}`, { user: 'wilma', method: 'DELETE' })).status).toBe(204);
});

it('what is for operators is not there, and a client names neither its trace nor its address', async () => {
  for (const target of ['/metrics', '/livez', '/readyz', '/docs', '/openapi.json', '/slow', '/error']) {
    expect((await ask(target, { user: 'wilma' })).status, target).toBe(404);
  }
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const response = await ask('/products/1', { user: 'rita', headers: { traceparent, 'X-Forwarded-For': '192.0.2.1' } });
  expect(response.headers['traceresponse']).toMatch(/^00-(?!0af7651916cd43dd8448eb211c80319c)/);
});
