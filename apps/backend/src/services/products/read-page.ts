import { ID_MIN, type ProductsPort } from '@products/api-contract/server';
import { asc, type Database, gt, orm, products, sql } from '@products/db';
import type { RunQuery } from '../run-query.js';
import { productColumns } from './columns.js';

type ProductList = Awaited<ReturnType<ProductsPort['list']>>;

/** Reads a page of products in one statement. */
export type ReadPage = (page: {
  limit: number;
  after: number | null;
  /** Called inside the statement's span, once the page is there. */
  onRead: (list: ProductList) => void;
}) => Promise<ProductList>;

export function createReadPage(database: Database, runQuery: RunQuery): ReadPage {
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

  return ({ limit, after, onRead }) =>
    runQuery(query, async () => {
      // One more than asked for tells whether more follow.
      const rows = await statement.execute({ after: after ?? ID_MIN, limit: limit + 1 });
      const items = rows.slice(0, limit);
      const list = { items, nextCursor: items.length < rows.length ? (items.at(-1)?.id ?? null) : null };
      onRead(list);
      return list;
    });
}
