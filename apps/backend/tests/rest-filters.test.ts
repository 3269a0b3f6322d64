import type { Product } from '@products/api-contract';
import { createAdoptedDatabase } from '@products/db/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  type Backend,
  post,
  readError,
  readJson,
  type ServingProcess,
  startBackend,
  startOnSamples,
} from './backend.js';

// Which products a list has, and in which order: `category`, `q`, `sort`, through both transports.

/** Names and prices with many ties, signs that patterns know, and letters beyond ASCII. */
const ROWS = `INSERT INTO products (name, price, category, created_at)
  SELECT (ARRAY['Lampe', 'lampe 100%', 'Abat_jour', 'Été', 'iPad'])[1 + n % 5], (n % 7) + 0.99,
    (ARRAY['Maison', 'Bureau'])[1 + n % 2], '2024-01-01'::timestamp + (n % 4) * interval '1.5 hours'
  FROM generate_series(1, 200) AS n`;

let backend: Backend;
let all: Product[];
beforeAll(async () => {
  backend = await startBackend();
  await backend.database.query(ROWS);
  all = await readJson<Product[]>(backend.fetch('/products'));
});
afterAll(() => backend.stop());

const idsOf = (products: readonly Product[]) => products.map(({ id }) => id);

/** All pages of a list, by following `Link`. */
async function follow({ fetch }: ServingProcess, target: string): Promise<Product[]> {
  const found: Product[] = [];
  for (let next: string | undefined = target; next !== undefined; ) {
    const response: Response = await fetch(next);
    expect(response.status, next).toBe(200);
    found.push(...((await response.json()) as Product[]));
    next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
  }
  return found;
}

interface List {
  readonly items: Product[];
  readonly nextCursor: number | string | null;
}

/** All pages of a list, by the procedure's cursor. */
async function followProcedure(input: object): Promise<Product[]> {
  const found: Product[] = [];
  let cursor: List['nextCursor'] = null;
  do {
    const query = encodeURIComponent(JSON.stringify({ ...input, cursor }));
    const answer = await readJson<{ result: { data: List } }>(backend.fetch(`/trpc/products.list?input=${query}`));
    found.push(...answer.result.data.items);
    cursor = answer.result.data.nextCursor;
  } while (cursor !== null);
  return found;
}

describe('a list', () => {
  it('has the products of one category', async () => {
    const expected = all.filter(({ category }) => category === 'Bureau');
    expect(await readJson(backend.fetch('/products?category=Bureau'))).toEqual(expected);
    expect(await follow(backend, '/products?category=Bureau&limit=30')).toEqual(expected);
    expect(await followProcedure({ category: 'Bureau', limit: 30 })).toEqual(expected);
    expect(await readJson(backend.fetch('/products?category=bureau'))).toEqual([]);
  });

  it.each([
    ['LAMPE', /lampe/i],
    ['0%', /0%/],
    ['t_j', /t_j/],
    ['é', /é/i],
    ['', /^/],
    [' ', / /],
    ['\\', /\\/],
    ["' OR 1=1 --", /OR 1=1/],
  ])('has the products whose name contains %s, whatever its case', async (q, pattern) => {
    const expected = idsOf(all.filter(({ name }) => pattern.test(name)));
    const found = await follow(backend, `/products?limit=50&q=${encodeURIComponent(q)}`);
    expect(idsOf(found)).toEqual(expected);
    expect(idsOf(await followProcedure({ q }))).toEqual(expected);
  });

  it.each(['id', 'name', 'price', 'category', 'created_at'] as const)(
    'sorted by %s has every product once, in the same order by pages, as a whole and by procedure, both ways',
    async (column) => {
      for (const sort of [column, `-${column}`]) {
        const whole = await readJson<Product[]>(backend.fetch(`/products?sort=${sort}`));
        expect(idsOf(whole).sort((a, b) => a - b)).toEqual(idsOf(all));
        const way = sort === column ? 1 : -1;
        for (const [index, product] of whole.slice(1).entries()) {
          const before = whole[index] as Product;
          // How texts are ordered is up to the database's collation.
          if (typeof product[column] !== 'number') {
            if (product[column] === before[column]) expect(Math.sign(product.id - before.id)).toBe(way);
            continue;
          }
          const difference = Number(product[column]) - Number(before[column]) || product.id - before.id;
          expect(Math.sign(difference)).toBe(way);
        }
        expect(idsOf(await follow(backend, `/products?sort=${sort}&limit=23`))).toEqual(idsOf(whole));
        expect(idsOf(await followProcedure({ sort, limit: 41 }))).toEqual(idsOf(whole));
      }
    },
  );

  it('takes all at once, and its Link repeats what is known', async () => {
    const target = '/products?category=Maison&q=lampe&sort=-price&limit=5&colour=red';
    const response = await backend.fetch(target);
    expect(response.headers.get('link')).toMatch(
      /^<\/products\?limit=5&category=Maison&q=lampe&sort=-price&after=[\w-]+>; rel="next"$/,
    );
    const expected = all.filter(({ name, category }) => category === 'Maison' && /lampe/i.test(name));
    const found = await follow(backend, target);
    expect(found).toEqual(expected.sort((a, b) => b.price - a.price || b.id - a.id));
  });

  it('shows each product that was there from the beginning once, whatever is added between its pages', async () => {
    for (const sort of ['price', '-price', 'name', '-created_at']) {
      const before = idsOf(await readJson<Product[]>(backend.fetch('/products')));
      const found: number[] = [];
      for (let next: string | undefined = `/products?sort=${sort}&limit=40`; next !== undefined; ) {
        const response: Response = await backend.fetch(next);
        found.push(...idsOf((await response.json()) as Product[]));
        next = /^<([^>]+)>/.exec(response.headers.get('link') ?? '')?.[1];
        for (const price of [0.5, 3.99, 100]) {
          await backend.fetch('/products', post({ name: 'Lampe', price, category: 'Maison' }));
        }
      }
      expect(new Set(found).size).toBe(found.length);
      expect(found.filter((id) => before.includes(id)).sort((a, b) => a - b)).toEqual(before);
    }
  });
});

describe('what is no filter', () => {
  const opaque = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it.each([
    ['category=', 'category'],
    ['q=a%00b', 'q'],
    [`q=${'x'.repeat(1_001)}`, 'q'],
    ['q=a&q=b', 'q'],
    [`category=${'x'.repeat(1_001)}`, 'category'],
    ['sort=colour', 'sort'],
    ['sort=', 'sort'],
    ['sort=price&sort=name', 'sort'],
    ['sort=price&after=3', 'after'],
    ['sort=price&after=nonsense', 'after'],
    [`sort=name&after=${opaque(['price', '1', 2])}`, 'after'],
    [`after=${opaque(['price', '1', 2])}`, 'after'],
    [`sort=price&after=${opaque(['price', 'no number', 2])}`, 'after'],
    [`sort=created_at&after=${opaque(['created_at', 'no time', 2])}`, 'after'],
    [`sort=created_at&after=${opaque(['created_at', '999999-01-01', 2])}`, 'after'],
    [`sort=created_at&after=${opaque(['created_at', '2024-01-01 00:00 Foo/Bar', 2])}`, 'after'],
    [`sort=created_at&after=${opaque(['created_at', '2024-01-01 00:00+99:99', 2])}`, 'after'],
    [`sort=name&after=${opaque(['name', 'a\0b', 2])}`, 'after'],
    [`sort=price&after=${opaque(['price', null, 2])}`, 'after'],
    [`sort=price&after=${opaque(['price', '1', 1.5])}`, 'after'],
  ])('is refused by name: %s', async (query, path) => {
    for (const target of [`/products?${query}`, `/products?limit=3&${query}`]) {
      const response = await backend.fetch(target);
      const error = await readError(response);
      expect({ status: response.status, code: error.code, paths: error.issues?.map((issue) => issue.path) }).toEqual({
        status: 400,
        code: 'BAD_REQUEST',
        paths: [path],
      });
    }
  });

  it('says what is allowed', async () => {
    const messageOf = async (query: string) => (await readError(await backend.fetch(`/products?${query}`))).message;
    expect(await messageOf('sort=colour')).toBe(
      'sort : attendu l’un de id, -id, name, -name, price, -price, category, -category, created_at, -created_at, reçu "colour"',
    );
    expect(await messageOf('sort=price&limit=3&after=3')).toBe(
      'after : attendu le curseur d’une page de sort=price, reçu 3',
    );
    expect(await messageOf(`sort=-price&limit=3&after=${opaque(['price', '1', 2])}`)).toBe(
      'after : attendu le curseur d’une page de sort=-price, reçu un curseur de sort=price',
    );
  });
});

it('an adopted table is sorted exactly too: prices to the cent, times with zones and fractions', async () => {
  const database = await createAdoptedDatabase(
    inject('serverUrl'),
    `
    CREATE TABLE products (
      id BIGSERIAL PRIMARY KEY,
      name TEXT NOT NULL,
      price NUMERIC(12,4) NOT NULL,
      category TEXT NOT NULL,
      created_at TIMESTAMPTZ NOT NULL
    );
    INSERT INTO products (name, price, category, created_at)
      SELECT 'p' || n, n % 9 + 0.0001 * (n % 3), 'c', '2024-01-01+02'::timestamptz + (n % 5) * interval '0.000001 s'
      FROM generate_series(1, 100) AS n`,
  );
  const service = await startOnSamples({ DATABASE_URL: database.url });
  for (const [sort, order] of [
    ['price', 'price, id'],
    ['-created_at', 'created_at DESC, id DESC'],
  ] as const) {
    const expected = await database.query<{ id: number }>(`SELECT id::int FROM products ORDER BY ${order}`);
    const found = await follow(service, `/products?sort=${sort}&limit=7`);
    expect(idsOf(found)).toEqual(expected.map(({ id }) => id));
  }
  await service.stop();
  await database.drop();
});
