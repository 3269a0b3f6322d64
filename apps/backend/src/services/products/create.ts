import type { ProductsPort } from '@products/api-contract/server';
import { type Database, orm, products, sql, utcTimestamp } from '@products/db';
import type { Logger } from '@products/telemetry';
import type { RunQuery } from '../run-query.js';
import { productColumns } from './columns.js';

export function createCreateProduct(database: Database, runQuery: RunQuery, logger: Logger): ProductsPort['create'] {
  const statement = database.prepare(
    'insert_product',
    orm
      .insert(products)
      .values({
        name: sql.placeholder('name'),
        price: sql.placeholder('price'),
        category: sql.placeholder('category'),
        created_at: sql.placeholder('created_at'),
      } satisfies Record<keyof Parameters<ProductsPort['create']>[0] | 'created_at', unknown>)
      .returning(productColumns),
  );
  const query = { span: 'db_insert_product', statement: statement.text } as const;

  return async (newProduct) => {
    logger.info('product_creation_requested');
    return runQuery(query, async () => {
      const [product] = await statement.execute({ ...newProduct, created_at: utcTimestamp() });
      if (product === undefined) throw new Error('INSERT … RETURNING returned no row');
      logger.info('product_created', { product_id: product.id });
      return product;
    });
  };
}
