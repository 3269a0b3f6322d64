// What inputs and outputs are made of. Each refusal says what was expected and what came.
import { z } from 'zod';
import { describeValue } from './describe-value.js';

/** Most rows that one call of a list, or one page of its route, returns. */
export const PAGE_SIZE_MAX = 1_000;

/** Integers that a double holds exactly: no row has an id beyond, whatever the type of its column. */
export const ID_MIN = Number.MIN_SAFE_INTEGER;
export const ID_MAX = Number.MAX_SAFE_INTEGER;

/** Marks a field that is there to be refused with a word about it. */
export const REFUSED = 'x-refused';

export const expected = (what: string) => ({
  error: ({ input }: { input?: unknown }) =>
    input === undefined ? `obligatoire : ${what}` : `attendu ${what}, reçu ${describeValue(input)}`,
});

/** PostgreSQL's varchar(n) counts code points; a string's `length` counts UTF-16 units. */
function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** What `trim()` takes for blank, as the characters themselves: dialects of regular expressions differ in `\\s` and `\\u`. */
const BLANK = '\t\n\u000b\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff';
const NUL = '\\x00';

/**
 * Not blank, no NUL. Without look-around, so that Python's and RE2's dialects read it as JavaScript's does
 * (https://json-schema.org/draft/2020-12/json-schema-core#name-regular-expressions).
 */
const STORABLE_PATTERN = `^[^${NUL}]*[^${NUL}${BLANK}][^${NUL}]*$`;

/** Text that is not blank and that PostgreSQL stores unchanged in a varchar of this length. */
export function text(lengthMax: number) {
  const allowed = `un texte de 1 à ${lengthMax} caractères`;
  return z
    .string(expected(allowed))
    .check((context) => {
      const { value } = context;
      const problem = !value.isWellFormed()
        ? 'contient une moitié de paire de substitution Unicode'
        : value.includes('\0')
          ? 'contient le caractère NUL'
          : value.trim() === ''
            ? 'est vide ou ne contient que des espaces'
            : value.length > lengthMax && countCodePoints(value) > lengthMax
              ? `a ${countCodePoints(value)} caractères`
              : undefined;
      if (problem === undefined) return;
      const message = `attendu ${allowed}, reçu ${describeValue(value)} qui ${problem}`;
      context.issues.push({ code: 'custom', input: value, message });
    })
    .meta({ minLength: 1, maxLength: lengthMax, pattern: STORABLE_PATTERN });
}

/** Text to look for in texts of this length; a blank one is found in all. */
export function searchedText(lengthMax: number) {
  const allowed = expected(`un texte de ${lengthMax} caractères au plus, sans caractère NUL`);
  return z
    .string(allowed)
    .refine((value) => value.isWellFormed() && !value.includes('\0') && countCodePoints(value) <= lengthMax, allowed)
    .meta({ maxLength: lengthMax, pattern: `^[^${NUL}]*$` });
}

/** Any integer: one that no row can have is not found rather than refused. */
export const rowId = (what: string) =>
  z
    .custom<number>(
      // JSON.parse reads an integer beyond the largest double as infinity.
      (id) => Number.isInteger(id) || id === Number.POSITIVE_INFINITY || id === Number.NEGATIVE_INFINITY,
      expected('un nombre entier'),
    )
    .meta({ type: 'integer', format: 'int64', description: `Id of the ${what}`, examples: [1] });

/** @public `npm run new` writes resources that use it. */
export const integerBetween = (min: number, max: number) => {
  const what = expected(`un nombre entier de ${min} à ${max}`);
  return z.number(what).refine((value) => Number.isInteger(value) && value >= min && value <= max, what);
};

/** How many rows a page has at most. */
export const pageLimit = (what: string) =>
  integerBetween(1, PAGE_SIZE_MAX)
    .optional()
    .meta({
      type: 'integer',
      minimum: 1,
      maximum: PAGE_SIZE_MAX,
      description: `How many ${what} at most`,
      examples: [3],
    });

/** REST's name of the cursor, which procedures are told of. */
export const refusedAfter = z
  .undefined({ error: 'ce champ s’appelle cursor dans les procédures, after dans les URL de REST' })
  .optional()
  .meta({ [REFUSED]: true });
