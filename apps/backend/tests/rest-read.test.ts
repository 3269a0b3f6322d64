import type { Product } from '@products/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, post, readError, readJson, startBackend, startOnSamples } from './backend.js';
import { requestLine, sendRaw } from './raw-http.js';

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend();
});
afterAll(() => backend.stop());

describe('GET /products', () => {
  it('answers a bare array of all products in the order of their ids', async () => {
    const response = await backend.fetch('/products');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('link')).toBeNull();
    const products = await readJson<Product[]>(response);
    expect(products.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(products[0]).toEqual({
      id: 1,
      name: 'MacBook Pro 16"',
      price: 2899.99,
      category: 'Ordinateurs',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
    });
  });

  it('gives pages with a Link to the next one while more follow', async () => {
    const pages: { ids: number[]; link: string | null }[] = [];
    for (let next: string | undefined = '/products?limit=3'; next !== undefined; ) {
      const response: Response = await backend.fetch(next);
      const link = response.headers.get('link');
      pages.push({ ids: (await readJson<Product[]>(response)).map(({ id }) => id), link });
      next = /^<([^>]+)>; rel="next"$/.exec(link ?? '')?.[1];
    }
    expect(pages).toEqual([
      { ids: [1, 2, 3], link: '</products?limit=3&after=3>; rel="next"' },
      { ids: [4, 5, 6], link: '</products?limit=3&after=6>; rel="next"' },
      { ids: [7, 8, 9], link: '</products?limit=3&after=9>; rel="next"' },
      { ids: [10], link: null },
    ]);
  });

  it('has no next page when the last one is full', async () => {
    const response = await backend.fetch('/products?limit=5&after=5');
    expect(await response.json()).toHaveLength(5);
    expect(response.headers.get('link')).toBeNull();
  });

  it('gives everything after a cursor when there is no limit', async () => {
    const response = await backend.fetch('/products?after=8');
    expect((await readJson<Product[]>(response)).map(({ id }) => id)).toEqual([9, 10]);
  });

  it.each(['limit=1', 'limit=1000', 'after=0', 'after=-5', 'after=2147483647', 'limit=2&after=3&unknown=x'])(
    'takes ?%s',
    async (query) => {
      expect((await backend.fetch(`/products?${query}`)).status).toBe(200);
    },
  );

  it.each([
    ['limit=', 'limit', '""'],
    ['limit=0', 'limit', '0'],
    ['limit=1001', 'limit', '1001'],
    ['limit=-1', 'limit', '-1'],
    ['limit=1.5', 'limit', '"1.5"'],
    ['limit=1e2', 'limit', '"1e2"'],
    ['limit=0x10', 'limit', '"0x10"'],
    ['limit=%201', 'limit', '" 1"'],
    ['limit=abc', 'limit', '"abc"'],
    ['limit=1&limit=2', 'limit', 'un tableau'],
    ['after=', 'after', '""'],
    ['after=-9007199254740992', 'after', '-9007199254740992'],
    ['after=9007199254740992', 'after', '9007199254740992'],
    ['after=x', 'after', '"x"'],
    ['after=1&after=1', 'after', 'un tableau'],
  ])('refuses ?%s with the parameter, the value and what is allowed', async (query, parameter, value) => {
    const response = await backend.fetch(`/products?${query}`);
    expect(response.status).toBe(400);
    const { code, issues } = await readError(response);
    expect(code).toBe('BAD_REQUEST');
    expect(issues).toEqual([
      {
        path: parameter,
        message: expect.stringMatching(
          /^attendu un nombre entier de -?\d+ à \d+(, ou pour un autre sort [^,]+)?, reçu /,
        ),
      },
    ]);
    expect(issues?.[0]?.message).toContain(`reçu ${value}`);
  });
});

describe('regression: what stands behind many other things', () => {
  it('a parameter after a thousand others is not ignored', async () => {
    expect((await backend.fetch(`/products?${'a&'.repeat(1_000)}limit=0`)).status).toBe(400);
    expect((await backend.fetch(`/products?limit=2&${'a&'.repeat(999)}limit=3`)).status).toBe(400);
  });

  it('a page after an adopted product with a negative id is reached by its Link', async () => {
    await backend.database.query(
      "INSERT INTO products (id, name, price, category, created_at) VALUES (-5, 'Ancien', 1, 'x', now())",
    );
    const first = await backend.fetch('/products?limit=1');
    expect(await first.json()).toMatchObject([{ id: -5 }]);
    const link = /<(.+)>/.exec(first.headers.get('link') ?? '')?.[1];
    expect(await (await backend.fetch(String(link))).json()).toMatchObject([{ id: 1 }]);
    await backend.database.query('DELETE FROM products WHERE id = -5');
  });

  it('a condition that an ETag could have met does not empty the answer', async () => {
    expect((await backend.fetch('/products', { headers: { 'If-None-Match': '*' } })).status).toBe(200);
  });
});

describe('GET /products/{id}', () => {
  it('answers one product', async () => {
    const response = await backend.fetch('/products/2');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id: 2, name: 'iPhone 15 Pro', price: 1299, category: 'Smartphones' });
  });

  it('decodes the path before it reads the id', async () => {
    expect(await (await backend.fetch('/products/%31')).json()).toMatchObject({ id: 1 });
  });

  it.each(['0', '-0', '-1', '11', '2147483647', '2147483648', '-2147483649', '9007199254740993', '9'.repeat(400)])(
    'answers 404 for %s, an integer that is no product',
    async (id) => {
      const response = await backend.fetch(`/products/${id}`);
      expect(response.status).toBe(404);
      const body = await readError(response);
      expect(body).toMatchObject({ error: 'Ressource non trouvée', code: 'NOT_FOUND' });
      if (id.length < 12) expect(body.product_id).toBe(Number(id) + 0);
      else expect(body).not.toHaveProperty('product_id');
    },
  );

  it.each(['1.5', '0x1', '1e0', '+1', '01', '-01', '%20', '%201', '1%20', 'abc', '1a', '%00', 'a%2Fb', '１', 'null'])(
    'answers 400 for %s, which is no plain decimal integer',
    async (id) => {
      const response = await backend.fetch(`/products/${id}`);
      expect(response.status).toBe(400);
      expect(await readError(response)).toMatchObject({ code: 'BAD_REQUEST', issues: [{ path: 'id' }] });
    },
  );

  it.each(['/products/%', '/products/%E0%A4', '/products/%zz'])(
    'answers 400 for %s, which cannot be decoded',
    async (path) => {
      const { status, body } = await sendRaw(backend.url, requestLine('GET', path));
      expect(status).toBe(400);
      expect(JSON.parse(body)).toMatchObject({ code: 'BAD_REQUEST' });
    },
  );
});

describe('created_at', () => {
  it('is the stored UTC, to the second, whatever the time zone of the process, the session and its date style', async () => {
    const name = new URL(backend.database.url).pathname.slice(1);
    await backend.database.query(`ALTER DATABASE ${name} SET timezone TO 'Pacific/Auckland'`);
    await backend.database.query(`ALTER DATABASE ${name} SET datestyle TO 'SQL, DMY'`);
    await backend.database.query(
      `INSERT INTO products (name, price, category, created_at) VALUES ('Lampe', 1, 'Maison', TIMESTAMP '2024-12-14 20:00:00.999')`,
    );
    await using elsewhere = await startOnSamples({ TZ: 'America/New_York', DATABASE_URL: backend.database.url });
    const products = await readJson<Product[]>(elsewhere.fetch('/products?after=10'));
    expect(products.map((product) => product.created_at)).toEqual(['2024-12-14T20:00:00']);
    const posted = await elsewhere.fetch('/products', post({ name: 'Lampe', price: 1, category: 'Maison' }));
    const { created_at } = await readJson<Product>(posted);
    expect(Math.abs(Date.parse(`${created_at}Z`) - Date.now())).toBeLessThan(60_000);
  });
});
