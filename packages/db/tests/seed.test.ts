import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { parseDatabaseUrl } from '../src/connection.js';
import { initDatabase, seedDatabase } from '../src/setup.js';
import { createTestDatabase, type TestDatabase } from '../src/testing.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(inject('serverUrl'));
});
afterAll(() => database.drop());

const rows = () =>
  database.query<{ id: number; created_at: string }>(
    'SELECT *, created_at::text AS created_at FROM products ORDER BY id',
  );

it('adds the ten documented samples to an empty table, then nothing however often it runs', async () => {
  const connection = parseDatabaseUrl(database.url);
  expect(await seedDatabase(connection)).toBe(10);
  const seeded = await rows();
  expect(seeded.map(({ created_at: _, ...product }) => product)).toEqual([
    { id: 1, name: 'MacBook Pro 16"', price: 2899.99, category: 'Ordinateurs' },
    { id: 2, name: 'iPhone 15 Pro', price: 1299, category: 'Smartphones' },
    { id: 3, name: 'AirPods Pro', price: 279, category: 'Audio' },
    { id: 4, name: 'iPad Air', price: 699, category: 'Tablettes' },
    { id: 5, name: 'Apple Watch Series 9', price: 449, category: 'Montres' },
    { id: 6, name: 'Magic Keyboard', price: 129, category: 'Accessoires' },
    { id: 7, name: 'Magic Mouse', price: 89, category: 'Accessoires' },
    { id: 8, name: 'Studio Display', price: 1799, category: 'Écrans' },
    { id: 9, name: 'HomePod Mini', price: 109, category: 'Audio' },
    { id: 10, name: 'Mac Mini M2', price: 699, category: 'Ordinateurs' },
  ]);
  expect(await seedDatabase(connection)).toBe(0);
  expect(await initDatabase(connection)).toEqual({ refused: [], added: 0 });
  expect(await rows()).toEqual(seeded);
});

it('gives created_at in UTC whatever the time zone of the session', async () => {
  const name = new URL(database.url).pathname.slice(1);
  await database.query(`ALTER DATABASE ${name} SET timezone TO 'Pacific/Auckland'`);
  await database.query('DELETE FROM products');
  const before = Date.now();
  await seedDatabase(parseDatabaseUrl(database.url));
  const [first] = await rows();
  const createdAt = Date.parse(`${first?.created_at.replace(' ', 'T')}Z`);
  expect(Math.abs(createdAt - before)).toBeLessThan(60_000);
});

it('leaves a table alone that holds a single product', async () => {
  await database.query('DELETE FROM products WHERE name <> $1', ['Magic Mouse']);
  expect(await seedDatabase(parseDatabaseUrl(database.url))).toBe(0);
  expect(await rows()).toHaveLength(1);
});
