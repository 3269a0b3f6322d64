import { z } from 'zod';
import { expected, ID_MAX, ID_MIN, pageLimit, refusedAfter, rowId, searchedText, text } from '../fields.js';
import { ifMatchSchema, type Precondition } from '../version.js';
import { isCursor, PRODUCT_SORTS, type ProductSort } from './cursor.js';

const idSchema = rowId('product');

const productPriceSchema = z
  .number(expected('un nombre fini supérieur à 0'))
  .positive(expected('un nombre fini supérieur à 0'))
  .meta({ format: 'double', description: 'In any currency the client likes', examples: [1199] });

const timestampSchema = z.string().meta({
  description: 'UTC, to the second, without zone suffix',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}$',
  examples: ['2024-12-14T21:30:00'],
});

/** Most code points of a text to look for. */
const FILTER_LENGTH_MAX = 1_000;

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

/** A product's id, what is to change, and of which version. */
export interface ProductUpdate extends ProductChanges, Precondition {
  id: number;
}

export const productUpdateSchema: z.ZodType<ProductUpdate, ProductUpdate> = z.object(
  { id: idSchema, ...changes, ifMatch: ifMatchSchema },
  expectedChanges,
);

/** Which product is to go, and in which version. */
export interface ProductRemoval extends Precondition {
  id: number;
}

export const productRemovalSchema: z.ZodType<ProductRemoval, ProductRemoval> = z.object(
  { id: idSchema, ifMatch: ifMatchSchema },
  { error: 'attendu un objet JSON avec id' },
);

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
    limit: pageLimit('products'),
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
    after: refusedAfter,
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
  { id: idSchema },
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
