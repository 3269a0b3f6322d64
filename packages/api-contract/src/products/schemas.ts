import { z } from 'zod';
import { describeValue } from '../describe-value.js';
import { ID_MAX, ID_MIN, isCursor, PRODUCT_SORTS, type ProductSort } from './cursor.js';

/** Most products that one call of `products.list`, or one page of `GET /products`, returns. */
export const PAGE_SIZE_MAX = 1_000;

const expected = (what: string) => ({
  error: ({ input }: { input?: unknown }) =>
    input === undefined ? `obligatoire : ${what}` : `attendu ${what}, reçu ${describeValue(input)}`,
});

/** Most code points of a text to look for. */
const FILTER_LENGTH_MAX = 1_000;

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
function text(lengthMax: number) {
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
function searchedText(lengthMax: number) {
  const allowed = expected(`un texte de ${lengthMax} caractères au plus, sans caractère NUL`);
  return z
    .string(allowed)
    .refine((value) => value.isWellFormed() && !value.includes('\0') && countCodePoints(value) <= lengthMax, allowed)
    .meta({ maxLength: lengthMax, pattern: `^[^${NUL}]*$` });
}

/** Any integer: one that no product can have is not found rather than refused. */
export const productIdSchema = z
  .custom<number>(
    // JSON.parse reads an integer beyond the largest double as infinity.
    (id) => Number.isInteger(id) || id === Number.POSITIVE_INFINITY || id === Number.NEGATIVE_INFINITY,
    expected('un nombre entier'),
  )
  .meta({ type: 'integer', format: 'int64', description: 'Id of a product', examples: [1] });

const productPriceSchema = z
  .number(expected('un nombre fini supérieur à 0'))
  .positive(expected('un nombre fini supérieur à 0'))
  .meta({ format: 'double', description: 'In any currency the client likes', examples: [1199] });

const timestampSchema = z.string().meta({
  description: 'UTC, to the second, without zone suffix',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}$',
  examples: ['2024-12-14T21:30:00'],
});

/** A product as both transports show it. */
export interface Product {
  /** Given by the service. */
  id: number;
  name: string;
  price: number;
  category: string;
  /** UTC, to the second, without zone suffix: `2024-12-14T21:30:00`. */
  created_at: string;
}

export const productSchema = z.object({
  id: z.int().meta({ format: 'int64', description: 'Id of the product', examples: [11] }),
  name: text(200).meta({ examples: ['iPad Pro'] }),
  price: productPriceSchema,
  category: text(100).meta({ examples: ['Tablettes'] }),
  created_at: timestampSchema,
}) satisfies z.ZodType<Product>;

/** The product that a client asks to create. */
export interface NewProduct {
  /** 1 to 200 code points, not blank. */
  name: string;
  /** Finite and above 0, in any currency the client likes. */
  price: number;
  /** 1 to 100 code points, not blank. */
  category: string;
}

export const newProductSchema: z.ZodType<NewProduct, NewProduct> = z.object(
  { name: productSchema.shape.name, price: productSchema.shape.price, category: productSchema.shape.category },
  expected('un objet JSON avec name, price et category'),
);

/** What a client asks to change of a product: what is left out stays as it is (RFC 7396). */
export interface ProductChanges {
  /** 1 to 200 code points, not blank. */
  name?: string | undefined;
  /** Finite and above 0, in any currency the client likes. */
  price?: number | undefined;
  /** 1 to 100 code points, not blank. */
  category?: string | undefined;
}

const changes = {
  name: productSchema.shape.name.optional(),
  price: productSchema.shape.price.optional(),
  category: productSchema.shape.category.optional(),
};
const expectedChanges = expected('un objet JSON avec name, price ou category');

export const productChangesSchema: z.ZodType<ProductChanges, ProductChanges> = z.object(changes, expectedChanges);

const expectedTags = expected('* ou des ETag, guillemets compris');

const ifMatchSchema = z
  .string(expectedTags)
  .refine((value) => !value.includes('\0'), expectedTags)
  .optional()
  .meta({
    description: 'Only if the product still has one of these versions: the `ETag` of an answer before, or `*`',
    examples: ['"1234"'],
  });

/** Which versions of a product a change is meant for. */
interface ProductPrecondition {
  /** `*`, or entity tags in quotes, as `If-Match` has them; any version without. */
  ifMatch?: string | undefined;
}

/** A product's id, what is to change, and of which version. */
export interface ProductUpdate extends ProductChanges, ProductPrecondition {
  id: number;
}

export const productUpdateSchema: z.ZodType<ProductUpdate, ProductUpdate> = z.object(
  { id: productIdSchema, ...changes, ifMatch: ifMatchSchema },
  expectedChanges,
);

/** Which product is to go, and in which version. */
export interface ProductRemoval extends ProductPrecondition {
  id: number;
}

export const productRemovalSchema: z.ZodType<ProductRemoval, ProductRemoval> = z.object(
  { id: productIdSchema, ifMatch: ifMatchSchema },
  { error: 'attendu un objet JSON avec id' },
);

const integerBetween = (min: number, max: number) => {
  const what = expected(`un nombre entier de ${min} à ${max}`);
  return z.number(what).refine((value) => Number.isInteger(value) && value >= min && value <= max, what);
};

/** Marks a field that is there to be refused with a word about it. */
export const REFUSED = 'x-refused';

/** Which products a list has, and in which order. */
export interface ProductFilter {
  /** Exactly this category. */
  category?: string | undefined;
  /** A part of the name, whatever its case. */
  q?: string | undefined;
  /** By id without one. */
  sort?: ProductSort | undefined;
}

/** Where a list of products begins. */
export interface ProductCursor extends ProductFilter {
  /** The `nextCursor` of the page before, of the same `sort`; the first products without one. REST calls it `after`. */
  cursor?: number | string | null | undefined;
  /** Only to be refused: REST's name of the cursor. */
  after?: undefined;
}

/** Which page of products is asked for. */
export interface ProductPage extends ProductCursor {
  /** How many products at most, 1 to 1,000, which is the default too. */
  limit?: number | undefined;
}

const productPageObject = z.object(
  {
    limit: integerBetween(1, PAGE_SIZE_MAX)
      .optional()
      .meta({
        type: 'integer',
        minimum: 1,
        maximum: PAGE_SIZE_MAX,
        description: 'How many products at most',
        examples: [3],
      }),
    cursor: z
      .custom<number | string>(
        isCursor,
        expected(`un nombre entier de ${ID_MIN} à ${ID_MAX}, ou pour un autre sort le curseur de la page d’avant`),
      )
      .nullish()
      .meta({
        type: 'integer',
        format: 'int64',
        minimum: ID_MIN,
        maximum: ID_MAX,
        description:
          'Only products with an id above this one: the last id of the page before. With another `sort`, follow `Link`.',
        examples: [3],
      }),
    // Of an adopted table, whose column may be longer than the service's.
    category: text(FILTER_LENGTH_MAX)
      .optional()
      .meta({ description: 'Only products of this category', examples: ['Tablettes'] }),
    q: searchedText(FILTER_LENGTH_MAX)
      .optional()
      .meta({ description: 'Only products with this text in their name, whatever its case', examples: ['pad'] }),
    sort: z
      .enum(PRODUCT_SORTS, expected(`l’un de ${PRODUCT_SORTS.join(', ')}`))
      .optional()
      .meta({ description: 'The order; with `-` the other way round. By `id` without one', examples: ['-price'] }),
    after: z
      .undefined({ error: 'ce champ s’appelle cursor dans les procédures, after dans les URL de REST' })
      .optional()
      .meta({ [REFUSED]: true }),
  },
  expected('un objet JSON'),
);

export const productPageSchema: z.ZodType<ProductPage, ProductPage> = productPageObject;
export const productCursorSchema: z.ZodType<ProductCursor, ProductCursor> = productPageObject.omit({ limit: true });

/** Which product is asked for. */
export interface ProductId {
  id: number;
}

export const productIdInputSchema: z.ZodType<ProductId, ProductId> = z.object(
  { id: productIdSchema },
  { error: 'attendu un objet JSON avec id' },
);

export const productListSchema = z
  .array(productSchema)
  .meta({ description: 'Products in the order that was asked for' });

/** One page of products. */
export interface ProductList {
  readonly items: Product[];
  /** The `cursor` of the next page, in REST its `after`: an id in the order of ids, else an opaque text; null on the last one. */
  readonly nextCursor: number | string | null;
}
