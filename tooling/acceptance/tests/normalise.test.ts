import { expect, it } from 'vitest';
import { fieldsOf, normaliseMessage, normaliseText } from '../src/parity/normalise.js';

const context = { created: 11, isRandom: false };

it.each([
  ['2024-12-14T20:00:00', '<date>T<time>'],
  ['2024-12-14 20:00:00.123456+00:00', '<date> <time><fraction><zone>'],
  ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '00-<trace id>-<span id>-01'],
  ['/products/11', '/products/{created}'],
  ['/products/110', '/products/110'],
])('of the text %s the form is left', (text, form) => {
  expect(normaliseText(text, context)).toBe(form);
});

it('of a JSON value every field is left, ids of what was created and of traces by their form', () => {
  const value = { id: 11, nested: { id: 12 }, trace_id: 'ab', list: [{ price: 1.5 }, { price: null }] };
  expect(Object.fromEntries(fieldsOf(value, context))).toEqual({
    '$.id': '{created}',
    '$.nested.id': '12',
    '$.trace_id': '<2 hexadecimal digits>',
    '$.list.length': '2',
    '$.list[0].price': '1.5',
    '$.list[1].price': 'null',
  });
});

it('of a random answer the types are left', () => {
  const fields = fieldsOf({ type: 'TypeError', message: 'x', code: 'y' }, { created: undefined, isRandom: true });
  expect(Object.fromEntries(fields)).toEqual({ '$.type': '<string>', '$.message': '<string>', '$.code': '"y"' });
  expect(normaliseMessage('Erreur: Invalid array length', { ...context, isRandom: true })).toBe('Erreur: <random>');
});
