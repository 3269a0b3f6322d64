import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { rowId } from '../src/fields.js';
import { newProductSchema, productPageSchema } from '../src/products/schemas.js';

const valid = { name: 'iPad Pro', price: 1199, category: 'Tablettes' };

function messagesFor(schema: z.ZodType, value: unknown): string[] {
  const result = schema.safeParse(value);
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('a new product', () => {
  it.each([
    ['200 code points', { name: 'a'.repeat(200) }],
    ['200 emoji, which are 400 UTF-16 units', { name: '😀'.repeat(200) }],
    ['100 emoji', { category: '😀'.repeat(100) }],
    ['spaces around, kept as they are', { name: '  iPad  ' }],
    ['the smallest price', { price: Number.MIN_VALUE }],
    ['the largest price', { price: Number.MAX_VALUE }],
    ['line breaks and quotes', { name: 'a\n"b"' }],
  ])('may have %s, unchanged', (_, fields) => {
    const product = { ...valid, ...fields };
    expect(newProductSchema.parse(product)).toEqual(product);
  });

  it.each([
    ['name', '', /vide/],
    ['name', ' \t\n\u00a0\u3000', /vide/],
    ['name', 'a'.repeat(201), /201 caractères/],
    ['name', '😀'.repeat(201), /201 caractères/],
    ['name', `${'a'.repeat(200)} `, /201 caractères/],
    ['name', 'a\0b', /NUL/],
    ['name', '\ud800', /substitution/],
    ['name', 'a\udc00b', /substitution/],
    ['name', 42, /reçu 42/],
    ['name', null, /reçu null/],
    ['name', ['x'], /un tableau/],
    ['category', 'a'.repeat(101), /101 caractères/],
    ['category', undefined, /obligatoire/],
    ['price', 0, /reçu 0/],
    ['price', -0, /supérieur à 0/],
    ['price', -1, /reçu -1/],
    ['price', Number.POSITIVE_INFINITY, /Infinity/],
    ['price', Number.NaN, /NaN/],
    ['price', '12', /reçu "12"/],
    ['price', true, /reçu true/],
    ['price', {}, /un objet/],
  ])('is refused with %s = %o, with the field, the value and what is allowed', (field, value, message) => {
    const [first, ...others] = messagesFor(newProductSchema, { ...valid, [field]: value });
    expect(first).toMatch(new RegExp(`^${field}: (attendu|obligatoire)`));
    expect(first).toMatch(message);
    expect(others).toEqual([]);
  });

  it.each([[null], [[]], ['texte'], [42], [true], [undefined]])('is refused as %o', (value) => {
    expect(messagesFor(newProductSchema, value)).toHaveLength(1);
  });

  it('drops fields that it does not know, as the Flask service did', () => {
    expect(newProductSchema.parse({ ...valid, id: 7, other: 'x' })).toEqual(valid);
  });

  it('tells every wrong field at once', () => {
    expect(messagesFor(newProductSchema, {})).toHaveLength(3);
  });

  it('shows a long value shortened, without cutting a character in two', () => {
    const [message] = messagesFor(newProductSchema, { ...valid, name: '😀'.repeat(300) });
    expect(message?.length).toBeLessThan(250);
    expect(message?.isWellFormed()).toBe(true);
    expect(message).not.toContain('\\ud83d');
  });
});

describe('a product id', () => {
  it.each([1, 0, -1, 2 ** 31, 2 ** 53, 1e300, -0, Number.POSITIVE_INFINITY])('may be any integer: %d', (id) => {
    expect(messagesFor(rowId('product'), id)).toEqual([]);
  });

  it.each([[1.5], ['1'], [null], [undefined], [Number.NaN], [[1]], [true]])('is refused as %o', (id) => {
    expect(messagesFor(rowId('product'), id)).toHaveLength(1);
  });
});

describe('a page', () => {
  it.each([{}, { limit: 1 }, { limit: 1_000 }, { cursor: 0 }, { cursor: null }, { limit: 3, cursor: 2 ** 53 - 1 }])(
    'may be %o',
    (page) => {
      expect(messagesFor(productPageSchema, page)).toEqual([]);
    },
  );

  it.each([
    { limit: 0 },
    { limit: 1_001 },
    { limit: 1.5 },
    { limit: '3' },
    { cursor: -(2 ** 53) },
    { cursor: 2 ** 53 },
    { limit: null },
  ])('is refused as %o, with the bounds', (page) => {
    expect(messagesFor(productPageSchema, page)[0]).toMatch(/un nombre entier de -?\d+ à \d+/);
  });

  it('with `after` is refused, with the name that procedures give it', () => {
    expect(messagesFor(productPageSchema, { after: 3 })[0]).toMatch(/s’appelle cursor/);
  });
});
