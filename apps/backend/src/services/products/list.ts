import { ID_MIN, type ProductsPort } from '@products/api-contract/server';
import { asc, type Database, gt, orm, products, sql } from '@products/db';
import type { Logger } from '@products/telemetry';
import type { RunQuery } from '../run-query.js';
import { productColumns } from './columns.js';

export function createListProducts(database: Database, runQuery: RunQuery, logger: Logger): ProductsPort['list'] {
  // LIMIT NULL is no limit: one statement serves all forms of the list.
  const statement = database.prepare(
    'query_products',
    orm
      .select(productColumns)
      .from(products)
      .where(gt(products.id, sql.placeholder('after')))
      .orderBy(asc(products.id))
      .limit(sql.placeholder('limit')),
  );
  const query = { span: 'db_query_products', statement: statement.text } as const;

  return async ({ limit, after }) => {
    if (limit === null && after === null) logger.info('products_requested');
    else logger.info('products_page_requested', { limit, after });
    return runQuery(query, async () => {
      // One more than asked for tells whether more follow.
      const rows = await statement.execute({
        after: after ?? ID_MIN,
        limit: limit === null ? null : limit + 1,
      });
      const items = limit === null ? rows : rows.slice(0, limit);
      logger.info('products_retrieved', { count: items.length });
      return { items, nextCursor: items.length < rows.length ? (items.at(-1)?.id ?? null) : null };
    });
  };
}
