import type { ProductsPort } from '@products/api-contract/server';
import { type Database, products } from '@products/db';
import type { Logger } from '@products/telemetry';
import { asc, gt, sql } from 'drizzle-orm';
import type { RunQuery } from '../run-query.js';
import { productColumns } from './columns.js';

/** Below every id that the column can hold. */
const BEFORE_FIRST_ID = -2_147_483_648;

export function createListProducts(database: Database, runQuery: RunQuery, logger: Logger): ProductsPort['list'] {
  // LIMIT NULL is no limit: one statement serves all forms of the list.
  const statement = database.orm
    .select(productColumns)
    .from(products)
    .where(gt(products.id, sql.placeholder('after')))
    .orderBy(asc(products.id))
    .limit(sql.placeholder('limit'))
    .prepare('query_products');
  const query = {
    spanName: 'db_query_products',
    operation: 'SELECT',
    table: 'products',
    statement: statement.getQuery().sql,
  } as const;

  return async ({ limit, after }) => {
    if (limit === null && after === null) logger.info('Récupération de tous les produits');
    else logger.info('Récupération d’une page de produits', { limit, after });
    return runQuery(query, async () => {
      // One more than asked for tells whether more follow.
      const rows = await statement.execute({
        after: after ?? BEFORE_FIRST_ID,
        limit: limit === null ? null : limit + 1,
      });
      const items = limit === null ? rows : rows.slice(0, limit);
      logger.info(`${items.length} produits récupérés`, { count: items.length });
      return { items, nextCursor: items.length < rows.length ? (items.at(-1)?.id ?? null) : null };
    });
  };
}
