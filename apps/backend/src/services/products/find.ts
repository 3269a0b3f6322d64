import type { ProductsPort } from '@products/api-contract/server';
import { type Database, products } from '@products/db';
import type { Logger } from '@products/telemetry';
import { eq, sql } from 'drizzle-orm';
import type { RunQuery } from '../run-query.js';
import { productColumns } from './columns.js';

/** Bounds of the id column, a PostgreSQL `integer`: the server refuses to compare it with anything beyond. */
const isStorableId = (id: number) => id >= -2_147_483_648 && id <= 2_147_483_647;

export function createFindProduct(database: Database, runQuery: RunQuery, logger: Logger): ProductsPort['find'] {
  const statement = database.orm
    .select(productColumns)
    .from(products)
    .where(eq(products.id, sql.placeholder('id')))
    .prepare('query_product_by_id');
  const query = {
    spanName: 'db_query_product_by_id',
    operation: 'SELECT',
    table: 'products',
    statement: statement.getQuery().sql,
  } as const;

  return async (id) => {
    logger.info(`Récupération du produit ${id}`, { product_id: id });
    if (!isStorableId(id)) return undefined;
    return runQuery(query, async () => {
      const [product] = await statement.execute({ id });
      if (product !== undefined) logger.info(`Produit ${id} récupéré`, { product_id: id });
      return product;
    });
  };
}
