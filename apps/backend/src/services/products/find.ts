import { ID_MAX, ID_MIN, type ProductsPort } from '@products/api-contract/server';
import { type Database, eq, orm, products, sql } from '@products/db';
import type { Logger } from '@products/telemetry';
import type { RunQuery } from '../run-query.js';
import { productColumns } from './columns.js';

/** The server refuses to compare an id with anything beyond. */
const isStorableId = (id: number) => id >= ID_MIN && id <= ID_MAX;

export function createFindProduct(database: Database, runQuery: RunQuery, logger: Logger): ProductsPort['find'] {
  const statement = database.prepare(
    'query_product_by_id',
    orm
      .select(productColumns)
      .from(products)
      .where(eq(products.id, sql.placeholder('id'))),
  );
  const query = { span: 'db_query_product_by_id', statement: statement.text } as const;

  return async (id) => {
    if (!isStorableId(id)) return undefined;
    logger.info('product_requested', { product_id: id });
    return runQuery(query, async () => {
      const [product] = await statement.execute({ id });
      if (product !== undefined) logger.info('product_retrieved', { product_id: id });
      return product;
    });
  };
}
