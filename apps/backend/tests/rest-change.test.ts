import type { Product } from '@products/api-contract';
import { createAdoptedDatabase } from '@products/db/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { type Backend, readError, readJson, startBackend, startOnSamples } from './backend.js';

// PATCH and DELETE of a product, and their procedures.

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend();
});
afterAll(() => backend.stop());

const JSON_TYPE = { 'Content-Type': 'application/json' };
const patch = (changes: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: 'PATCH',
  headers: { ...JSON_TYPE, ...headers },
  body: typeof changes === 'string' ? changes : JSON.stringify(changes),
});
const remove = (headers: Readonly<Record<string, string>> = {}): RequestInit => ({ method: 'DELETE', headers });
const call = (procedure: string, input: unknown) =>
  backend.fetch(`/trpc/${procedure}`, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(input) });

/** A product of its own for each test. */
let product: Product;
let path: string;
beforeEach(async () => {
  const body = JSON.stringify({ name: 'Lampe', price: 28.99, category: 'Maison' });
  product = await readJson<Product>(backend.fetch('/products', { method: 'POST', headers: JSON_TYPE, body }));
  path = `/products/${product.id}`;
});
const stored = () => readJson<Product>(backend.fetch(path));
const versionOf = async () => (await backend.fetch(path)).headers.get('etag') ?? '';

describe('PATCH /products/{id}', () => {
  it.each([
    { name: 'Lampe de bureau' },
    { price: 19.99 },
    { category: 'Bureau' },
    { name: 'a', price: 1, category: 'b' },
  ])('changes what it names, and nothing else: %j', async (changes) => {
    const response = await backend.fetch(path, patch(changes));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ ...product, ...changes });
    expect(await stored()).toEqual({ ...product, ...changes });
  });

  it('refuses a version with NUL in a procedure by its name, as no header can hold it', async () => {
    const response = await call('products.update', { id: product.id, price: 7, ifMatch: '"1\0"' });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { data: { issues: { path: string }[] } } };
    expect(error.data.issues.map(({ path: field }) => field)).toEqual(['ifMatch']);
  });

  it('ignores what it does not know, an id in the body too, and an empty change changes nothing', async () => {
    for (const changes of [{}, { colour: 'red' }, { id: 1, created_at: '2000-01-01T00:00:00', ifMatch: '"no"' }]) {
      expect(await (await backend.fetch(path, patch(changes))).json()).toEqual(product);
    }
    const [first] = await backend.database.query<Product>('SELECT name FROM products WHERE id = 1');
    expect(first?.name).not.toBe(product.name);
  });

  it.each<[unknown, string]>([
    [{ price: -1 }, 'price : attendu un nombre fini supérieur à 0, reçu -1'],
    [
      { name: ' ' },
      'name : attendu un texte de 1 à 200 caractères, reçu " " qui est vide ou ne contient que des espaces',
    ],
    [{ category: null }, 'category : attendu un texte de 1 à 100 caractères, reçu null'],
    [[], 'attendu un objet JSON avec name, price ou category, reçu un tableau'],
    ['{"name": ', 'Le JSON est mal formé.'],
  ])('refuses %j, and the product stays', async (changes, message) => {
    const response = await backend.fetch(path, patch(changes));
    expect(response.status).toBe(400);
    expect((await readError(response)).message).toBe(message);
    expect(await stored()).toEqual(product);
  });

  it('answers 404, 400, 413 and 415 as the other routes do', async () => {
    const statusOf = async (target: string, init: RequestInit) => (await backend.fetch(target, init)).status;
    for (const id of ['0', '-1', '2147483647', '99999999999999999999']) {
      expect(await statusOf(`/products/${id}`, patch({ price: 1 }))).toBe(404);
    }
    const malformed = await backend.fetch('/products/1.5', patch({ price: 1 }));
    expect(malformed.status).toBe(400);
    expect(await readError(malformed)).toMatchObject({ path: '/products/1.5', issues: [{ path: 'id' }] });
    expect(await statusOf(path, patch({ name: 'x'.repeat(110_000) }))).toBe(413);
    expect(await statusOf(path, patch({ price: 1 }, { 'Content-Type': 'text/plain' }))).toBe(415);
    expect(await statusOf(path, patch({ price: 1 }, { 'Content-Type': 'application/merge-patch+json' }))).toBe(200);
  });
});

describe('DELETE /products/{id}', () => {
  it('answers 204 without a body; then there is no such product', async () => {
    const response = await backend.fetch(path, remove());
    expect(response.status).toBe(204);
    expect(response.headers.get('content-type')).toBeNull();
    expect(await response.text()).toBe('');
    expect((await backend.fetch(path)).status).toBe(404);
    const again = await backend.fetch(path, remove());
    expect(again.status).toBe(404);
    expect(await readError(again)).toMatchObject({ code: 'NOT_FOUND', product_id: product.id });
  });

  it('of a product that rows of another table refer to is 409, and it stays', async () => {
    await backend.database.query('CREATE TABLE orders (product_id integer REFERENCES products (id))');
    await backend.database.query(`INSERT INTO orders VALUES (${product.id})`);
    const response = await backend.fetch(path, remove());
    expect(response.status).toBe(409);
    expect(await readError(response)).toMatchObject({
      code: 'CONFLICT',
      message: `Le produit ${product.id} est encore utilisé ailleurs et ne peut être supprimé.`,
    });
    expect(await stored()).toEqual(product);
    await backend.database.query('DROP TABLE orders');
  });
});

describe('lost updates', () => {
  it('are prevented by the ETag of the last answer, which each change replaces', async () => {
    const first = await versionOf();
    expect(first).toMatch(/^"\d+"$/);
    expect(await versionOf()).toBe(first);
    const changed = await backend.fetch(path, patch({ price: 20 }, { 'If-Match': first }));
    expect(changed.status).toBe(200);
    const second = changed.headers.get('etag') ?? '';
    expect(second).not.toBe(first);
    expect(await versionOf()).toBe(second);

    const late = await backend.fetch(path, patch({ price: 30 }, { 'If-Match': first }));
    expect(late.status).toBe(412);
    expect(await readError(late)).toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: `La version n’est pas l’actuelle : If-Match attend l’ETag actuel, guillemets compris, reçu ${JSON.stringify(first)}.`,
    });
    expect((await backend.fetch(path, remove({ 'If-Match': first }))).status).toBe(412);
    expect((await stored()).price).toBe(20);
    expect((await backend.fetch(path, remove({ 'If-Match': second }))).status).toBe(204);
  });

  it('are seen too when another program has changed the row', async () => {
    const version = await versionOf();
    await backend.database.query(`UPDATE products SET price = 5 WHERE id = ${product.id}`);
    expect((await backend.fetch(path, patch({ name: 'x' }, { 'If-Match': version }))).status).toBe(412);
  });

  it('of twenty changes of one version at once, one is done', async () => {
    const version = await versionOf();
    const prices = Array.from({ length: 20 }, (_, index) => index + 1);
    const answers = await Promise.all(
      prices.map((price) => backend.fetch(path, patch({ price }, { 'If-Match': version }))),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array<number>(19).fill(412)]);
  });

  it.each([
    ['*', 200],
    ['"1", {etag}', 200],
    ['{etag}', 200],
    ['W/{etag}', 412],
    ['"1"', 412],
    ['""', 412],
    ['unquoted', 412],
    ['"open', 412],
  ])('If-Match: %s is answered with %i', async (template, status) => {
    const value = template.replace('{etag}', await versionOf());
    const response = await backend.fetch(path, patch({ price: 3 }, { 'If-Match': value }));
    expect(response.status).toBe(status);
  });

  it('of a product that is not there are 404, whatever If-Match says', async () => {
    for (const value of ['*', '"1"']) {
      expect((await backend.fetch('/products/2147483647', remove({ 'If-Match': value }))).status).toBe(404);
    }
  });
});

describe('the procedures', () => {
  it('products.update and products.delete do the same, and carry the version too', async () => {
    const read = await backend.fetch(
      `/trpc/products.byId?input=${encodeURIComponent(JSON.stringify({ id: product.id }))}`,
    );
    const version = read.headers.get('etag') ?? '';
    expect(version).toBe(await versionOf());
    const updated = await call('products.update', { id: product.id, price: 7, ifMatch: version });
    expect(updated.headers.get('etag')).toBe(await versionOf());
    expect(await updated.json()).toEqual({ result: { data: { ...product, price: 7 } } });
    const late = await call('products.update', { id: product.id, price: 8, ifMatch: version });
    expect(late.status).toBe(412);
    expect(await late.json()).toMatchObject({ error: { data: { code: 'PRECONDITION_FAILED' } } });
    expect((await call('products.delete', { id: product.id, ifMatch: version })).status).toBe(412);
    const removed = await call('products.delete', { id: product.id });
    expect({ status: removed.status, body: await removed.json() }).toEqual({ status: 200, body: { result: {} } });
    expect((await call('products.delete', { id: product.id })).status).toBe(404);
  });
});

it('what the table refuses of a change is 400 or 409 with the field, as of a new product', async () => {
  const database = await createAdoptedDatabase(
    inject('serverUrl'),
    `
    CREATE TABLE products (
      id SERIAL PRIMARY KEY,
      name VARCHAR(20) NOT NULL UNIQUE,
      price NUMERIC(10,2) NOT NULL CHECK (price < 1000),
      category VARCHAR(100) NOT NULL,
      created_at TIMESTAMP DEFAULT NOW()
    );
    INSERT INTO products (name, price, category) VALUES ('Lampe', 28.99, 'Maison'), ('Vase', 5, 'Maison')`,
  );
  const service = await startOnSamples({ DATABASE_URL: database.url });
  const outcomeOf = async (changes: object) => {
    const response = await service.fetch('/products/1', patch(changes));
    const { code, issues } = response.ok ? { code: 'OK', issues: [] } : await readError(response);
    return [response.status, code, ...(issues ?? []).map((issue) => issue.path)];
  };
  expect(await outcomeOf({ name: 'Vase' })).toEqual([409, 'CONFLICT']);
  expect(await outcomeOf({ price: 19.999 })).toEqual([400, 'BAD_REQUEST', 'price']);
  expect(await outcomeOf({ price: 1_000 })).toEqual([400, 'BAD_REQUEST', 'price']);
  expect((await outcomeOf({ name: 'x'.repeat(21) })).slice(0, 2)).toEqual([400, 'BAD_REQUEST']);
  expect(await readJson(service.fetch('/products/1'))).toMatchObject({ name: 'Lampe', price: 28.99 });
  expect(await outcomeOf({ price: 19.99 })).toEqual([200, 'OK']);
  expect(await readJson(service.fetch('/products/1'))).toMatchObject({ name: 'Lampe', price: 19.99 });
  await service.stop();
  await database.drop();
});
