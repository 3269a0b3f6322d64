import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { createTestDatabase, type TestDatabase } from '@products/db/testing';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { post, type RunningProcess, run, urlOf } from './backend.js';

// The service as the compose stack runs it: connected as the role that the init job makes, never as the owner.

const cli = path.resolve(import.meta.dirname, '../../../packages/db/dist/cli.js');
const DB_SERVICE_PASSWORD = 'letters1and2digits';

let database: TestDatabase;
let service: RunningProcess;
let url: string;
beforeAll(async () => {
  database = await createTestDatabase(inject('serverUrl'), 'template0');
  execFileSync(process.execPath, [cli, 'init', 'roles'], { env: { DATABASE_URL: database.url, DB_SERVICE_PASSWORD } });
  const role = new URL(database.url);
  role.username = 'products_service';
  role.password = DB_SERVICE_PASSWORD;
  service = run({ DATABASE_URL: role.href });
  url = await urlOf(service);
});
afterAll(async () => {
  await service.stop();
  await database.query('DROP OWNED BY products_service');
  await database.query('DROP ROLE products_service');
  await database.drop();
});

const ask = async (target: string, init?: RequestInit) => {
  const response = await fetch(`${url}${target}`, init);
  return { status: response.status, body: await response.json() };
};

it('the service runs whole as a role that may only SELECT, INSERT, UPDATE and DELETE: health, list, one product, a new one, changed and removed', async () => {
  expect(await ask('/health')).toMatchObject({ status: 200, body: { database: 'connected' } });
  expect(await ask('/readyz')).toMatchObject({ status: 200 });
  const product = { name: 'Mac Studio', price: 2399, category: 'Ordinateurs' };
  expect(await ask('/products', post(product))).toMatchObject({ status: 201, body: { id: 11, ...product } });
  expect(await ask('/products/11')).toMatchObject({ status: 200, body: product });
  const change = { ...post({ price: 2_299 }), method: 'PATCH' };
  expect(await ask('/products/11', change)).toMatchObject({ status: 200, body: { ...product, price: 2_299 } });
  expect((await ask('/products')).body).toHaveLength(11);
  expect((await ask('/products?limit=3&after=3')).body).toHaveLength(3);
  expect(await ask('/products/12')).toMatchObject({ status: 404 });
  expect((await fetch(`${url}/products/11`, { method: 'DELETE' })).status).toBe(204);
});

it('as that role the procedures answer too, and the start has nothing to warn of', async () => {
  expect(await ask('/trpc/products.list')).toMatchObject({ status: 200 });
  expect(await ask('/trpc/products.byId?input=%7B%22id%22%3A1%7D')).toMatchObject({ status: 200 });
  expect(await ask('/trpc/health.check')).toMatchObject({ status: 200 });
  const create = post({ name: 'Mac Pro', price: 7_199, category: 'Ordinateurs' });
  expect(await ask('/trpc/products.create', create)).toMatchObject({ status: 200 });
  expect(service.lines.filter(({ level }) => level === 'ERROR')).toEqual([]);
  const beforeRequests = service.lines.slice(
    0,
    service.lines.findIndex(({ message }) => message === 'Service démarré'),
  );
  expect(beforeRequests.filter(({ level }) => level !== 'INFO')).toEqual([]);
});
