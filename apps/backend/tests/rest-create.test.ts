import { brotliCompressSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, post, readError, startBackend } from './backend.js';
import { sendRaw } from './raw-http.js';
import { inGateOrSoak, report, SOAK_TIMEOUT_MS } from './soak.js';

const PRODUCTS = inGateOrSoak(300, 10_000);

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend();
});
afterAll(() => backend.stop());

const valid = { name: 'iPad Pro', price: 1199, category: 'Tablettes' };

interface Product {
  readonly id: number;
  readonly created_at: string;
}

const countRows = async () =>
  (await backend.database.query<{ count: number }>('SELECT count(*)::int AS count FROM products'))[0]?.count;

function sendText(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
  return backend.fetch('/products', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body,
  });
}

describe('POST /products', () => {
  it('creates the product, says where it is, and reads back identical', async () => {
    const before = Date.now();
    const response = await backend.fetch('/products', post(valid));
    expect(response.status).toBe(201);
    const created = (await response.json()) as Product;
    expect(created).toEqual({
      id: 11,
      ...valid,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
    });
    expect(Math.abs(Date.parse(`${created.created_at}Z`) - before)).toBeLessThan(60_000);
    expect(response.headers.get('location')).toBe('/products/11');
    expect(await (await backend.fetch('/products/11')).json()).toEqual(created);
  });

  it('gives created_at itself, for a table made by SQLAlchemy that has no default there', async () => {
    await backend.database.query('ALTER TABLE products ALTER COLUMN created_at DROP DEFAULT');
    expect((await backend.fetch('/products', post(valid))).status).toBe(201);
  });

  it(
    'stores any text that it accepts, and any price, exactly',
    async () => {
      const text = (maxLength: number) =>
        fc
          .string({ unit: 'binary', minLength: 1, maxLength })
          .filter((value) => value.trim() !== '' && !value.includes('\0') && [...value].length <= maxLength);
      const product = fc.record({
        name: text(200),
        category: text(100),
        price: fc.double({ min: Number.MIN_VALUE, noNaN: true, noDefaultInfinity: true }),
      });
      await fc.assert(
        fc.asyncProperty(product, async (value) => {
          const response = await backend.fetch('/products', post(value));
          expect(response.status).toBe(201);
          const created = (await response.json()) as Product;
          expect(created).toMatchObject(value);
          expect(await (await backend.fetch(`/products/${created.id}`)).json()).toEqual(created);
        }),
        { numRuns: PRODUCTS },
      );
      report(`round trip: ${PRODUCTS} products read back as they were sent`);
    },
    SOAK_TIMEOUT_MS,
  );

  it('accepts a charset, in any case, and compressed bodies', async () => {
    const body = JSON.stringify(valid);
    expect((await sendText(body, { 'Content-Type': 'Application/JSON; charset=UTF-8' })).status).toBe(201);
    expect((await sendText(body, { 'Content-Type': 'application/json;charset="utf-8"' })).status).toBe(201);
    expect((await sendText(new Uint8Array(gzipSync(body)), { 'Content-Encoding': 'gzip' })).status).toBe(201);
    expect((await sendText(new Uint8Array(brotliCompressSync(body)), { 'Content-Encoding': 'br' })).status).toBe(201);
  });

  it('ignores a byte order mark, as RFC 8259 allows', async () => {
    const response = await sendText(`\ufeff${JSON.stringify(valid)}`);
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject(valid);
  });

  it('takes a body of 102,400 bytes and refuses one more, compressed or not', async () => {
    const largest = JSON.stringify(valid).padEnd(102_400);
    expect((await sendText(largest)).status).toBe(201);
    for (const response of [
      await sendText(`${largest} `),
      await sendText(new Uint8Array(gzipSync(`${largest} `)), { 'Content-Encoding': 'gzip' }),
    ]) {
      expect(response.status).toBe(413);
      expect(await readError(response)).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    }
  });
});

describe('POST /products stores nothing and answers', () => {
  let rowsBefore: number | undefined;
  beforeAll(async () => {
    rowsBefore = await countRows();
  });
  afterAll(async () => {
    expect(await countRows()).toBe(rowsBefore);
  });

  it.each(['', '{', '{"name":}', 'undefined', "{'name':'x'}", '{"name":"x",}', '\u0000'])(
    '400 for the malformed JSON %j',
    async (body) => {
      const response = await sendText(body);
      expect(response.status).toBe(400);
      expect(await readError(response)).toMatchObject({ code: 'BAD_REQUEST', message: 'Le JSON est mal formé.' });
    },
  );

  it('400 for bytes that are not UTF-8, instead of putting U+FFFD in their place', async () => {
    const body = new Uint8Array([
      ...Buffer.from('{"name":"'),
      0xff,
      0xfe,
      ...Buffer.from('","price":1,"category":"x"}'),
    ]);
    const response = await sendText(body);
    expect(response.status).toBe(400);
    expect((await readError(response)).message).toMatch(/UTF-8/);
  });

  it('400 for a lone surrogate, which UTF-8 cannot hold', async () => {
    const response = await sendText('{"name":"\\ud800","price":1,"category":"x"}');
    expect(response.status).toBe(400);
    expect((await readError(response)).issues).toMatchObject([{ path: 'name' }]);
  });

  it('400 for a product that does not fit, with every wrong field', async () => {
    const response = await backend.fetch('/products', post({ name: ' ', price: '12' }));
    expect(response.status).toBe(400);
    const { code, issues } = await readError(response);
    expect(code).toBe('BAD_REQUEST');
    expect(issues?.map(({ path }) => path)).toEqual(['name', 'price', 'category']);
  });

  it('400 for deeply nested JSON', async () => {
    for (const body of [
      '['.repeat(50_000) + ']'.repeat(50_000),
      `{"name":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    ]) {
      expect((await sendText(body)).status).toBe(400);
    }
  });

  it.each([
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['application/jsonp'],
    ['application/json; charset=utf-16'],
    ['application/json; charset=iso-8859-1'],
    ['multipart/form-data; boundary=x'],
  ])('415 for %s', async (contentType) => {
    const response = await sendText(JSON.stringify(valid), { 'Content-Type': contentType });
    expect(response.status).toBe(415);
    expect(await readError(response)).toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
  });

  it('413 before the body is there, whether its length is told or not', async () => {
    const head = 'POST /products HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    const told = await sendRaw(backend.url, `${head}Content-Length: 500000\r\n\r\n{`);
    const chunk = `2000\r\n${' '.repeat(0x2000)}\r\n`;
    const untold = await sendRaw(backend.url, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}`);
    for (const { status, headers, body } of [told, untold]) {
      expect(status).toBe(413);
      expect(headers['connection']).toBe('close');
      expect(JSON.parse(body)).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', message: expect.stringContaining('102400') });
    }
  });

  it('400 for a body that is not what its content encoding says', async () => {
    const response = await sendText('plain', { 'Content-Encoding': 'gzip' });
    expect(response.status).toBe(400);
    expect(await readError(response)).toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('415 without a content type, and for an unknown content encoding', async () => {
    const untyped = await backend.fetch('/products', {
      method: 'POST',
      body: new Uint8Array(Buffer.from(JSON.stringify(valid))),
    });
    expect(untyped.status).toBe(415);
    const encoded = await sendText(JSON.stringify(valid), { 'Content-Encoding': 'compress' });
    expect(encoded.status).toBe(415);
    expect((await readError(encoded)).message).toMatch(/gzip, deflate, br.*« compress »/);
  });
});
