import { type ApiError, notFound } from '../errors.js';
import { PAGE_SIZE_MAX } from '../fields.js';
import type { Procedures } from '../procedure.js';
import { preconditionFailed, type Untouched, versionsIn } from '../version.js';
import { readCursor } from './cursor.js';
import type { ProductQuery, ProductsPort } from './port.js';
import {
  newProductSchema,
  type Product,
  type ProductCursor,
  type ProductList,
  productCursorSchema,
  productIdInputSchema,
  productPageSchema,
  productRemovalSchema,
  productUpdateSchema,
} from './schemas.js';

export function createProductsRouter({ router, procedure }: Procedures, products: ProductsPort) {
  return router({
    list: procedure
      .meta({
        needsDatabase: true,
        rest: {
          method: 'GET',
          path: '/products',
          summary: 'List products',
          description:
            'All products, or those of a `category` or with `q` in their name, in the order of their ids or of `sort`; one page of them when `limit` is given.',
          tag: 'products',
          success: {
            status: 200,
            schema: 'ProductList',
            bodyField: 'items',
            nextPage: { cursorField: 'nextCursor', parameter: 'after' },
            links: { firstProduct: { procedure: 'products.byId', parameters: { id: '$response.body#/0/id' } } },
          },
          errors: ['BAD_REQUEST'],
          parameterNames: { cursor: 'after' },
          stream: { procedure: 'products.all', whenAbsent: 'limit' },
        },
      })
      .input(productPageSchema.prefault({}))
      .query(
        async ({ input: { limit = PAGE_SIZE_MAX, ...query }, ctx }): Promise<ProductList> =>
          products.list({ limit, ...locate(query) }, ctx.caller),
      ),

    all: procedure
      .meta({ needsDatabase: true, rest: null })
      .input(productCursorSchema.prefault({}))
      .query(({ input, ctx }): AsyncGenerator<Product[], void> => products.all(locate(input), ctx.caller)),

    byId: procedure
      .meta({
        needsDatabase: true,
        rest: {
          method: 'GET',
          path: '/products/{id}',
          summary: 'Read one product',
          description: 'The product with this id.',
          tag: 'products',
          success: { status: 200, schema: 'Product', hasVersion: true },
          errors: ['BAD_REQUEST', 'NOT_FOUND'],
        },
      })
      .input(productIdInputSchema)
      .query(async ({ input: { id }, ctx }): Promise<Product> => {
        const product = await products.find(id, ctx.caller);
        if (product === undefined) throw productNotFound(id);
        return product;
      }),

    create: procedure
      .meta({
        needsDatabase: true,
        rest: {
          method: 'POST',
          path: '/products',
          summary: 'Create a product',
          description: 'Adds a product; its id and `created_at` are given by the service.',
          tag: 'products',
          body: 'NewProduct',
          success: {
            status: 201,
            schema: 'Product',
            location: '/products/{id}',
            links: { createdProduct: { procedure: 'products.byId', parameters: { id: '$response.body#/id' } } },
          },
          errors: ['BAD_REQUEST', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
        },
      })
      .input(newProductSchema)
      .mutation(({ input, ctx }): Promise<Product> => products.create(input, ctx.caller)),

    update: procedure
      .meta({
        needsDatabase: true,
        rest: {
          method: 'PATCH',
          path: '/products/{id}',
          summary: 'Change a product',
          description: 'Changes the fields that the body has; the others stay. `If-Match` prevents lost updates.',
          tag: 'products',
          headers: { ifMatch: 'If-Match' },
          body: 'ProductChanges',
          success: { status: 200, schema: 'Product', hasVersion: true },
          errors: [
            'BAD_REQUEST',
            'NOT_FOUND',
            'CONFLICT',
            'PRECONDITION_FAILED',
            'PAYLOAD_TOO_LARGE',
            'UNSUPPORTED_MEDIA_TYPE',
          ],
        },
      })
      .input(productUpdateSchema)
      .mutation(async ({ input: { id, ifMatch, ...changes }, ctx }): Promise<Product> => {
        const product = await products.update(id, changes, versionsIn(ifMatch), ctx.caller);
        if (product === 'absent' || product === 'changed') throw explainUntouched(product, id, ifMatch);
        return product;
      }),

    delete: procedure
      .meta({
        needsDatabase: true,
        rest: {
          method: 'DELETE',
          path: '/products/{id}',
          summary: 'Remove a product',
          description: 'Removes the product. `If-Match` lets it stay if it has changed.',
          tag: 'products',
          headers: { ifMatch: 'If-Match' },
          success: { status: 204 },
          errors: ['BAD_REQUEST', 'NOT_FOUND', 'CONFLICT', 'PRECONDITION_FAILED'],
        },
      })
      .input(productRemovalSchema)
      .mutation(async ({ input: { id, ifMatch }, ctx }): Promise<void> => {
        const outcome = await products.delete(id, versionsIn(ifMatch), ctx.caller);
        if (outcome !== 'deleted') throw explainUntouched(outcome, id, ifMatch);
      }),
  });
}

/** @throws {ApiError} 400 for a cursor of another order. */
function locate({ category, q, sort = 'id', cursor = null }: ProductCursor): ProductQuery {
  return { category, q, sort, after: readCursor(sort, cursor) };
}

function explainUntouched(outcome: Untouched, id: number, ifMatch: string | undefined): ApiError {
  return outcome === 'absent' ? productNotFound(id) : preconditionFailed(ifMatch);
}

function productNotFound(id: number): ApiError {
  return notFound('Aucun produit', id, { product_id: id });
}
