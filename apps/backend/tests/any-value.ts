import fc from 'fast-check';

/** Any text, and often one that has misled somebody. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.constantFrom(
    '\0',
    '\ud800',
    ' ',
    "'; DROP TABLE products; --",
    '__proto__',
    '%00',
    '%',
    '..',
    '2147483648',
    '-1',
    '1e0',
  ),
);

const anyNumber = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 1e308, 5e-324, Number.NaN),
);

export const anyJson = fc.oneof(fc.jsonValue({ maxDepth: 4 }), anyText, anyNumber);

/** Objects with fields of a product; each may be absent, valid or invalid. */
export const anyProduct = fc.record(
  {
    name: fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 210 }), anyJson),
    price: fc.oneof(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), anyJson),
    category: fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 110 }), anyJson),
  },
  { requiredKeys: [] },
);
