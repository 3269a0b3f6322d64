import { type Caller, ID_MIN, type NewProduct, type Product, type ProductList } from '@products/api-contract/server';
import { asc, type Database, eq, gt, products, queryBuilder, sql, utcTimestamp } from '@products/db';
import type { RunQuery } from '../run-query.js';

/** A product as the API shows it. PostgreSQL writes the timestamp, so that no time zone can get in between. */
const productColumns = {
  id: products.id,
  name: products.name,
  price: products.price,
  category: products.category,
  created_at: sql<string>`to_char(${products.created_at}, 'YYYY-MM-DD"T"HH24:MI:SS')`.as('created_at'),
};

interface Page {
  readonly limit: number;
  readonly after: number | null;
  readonly caller: Caller;
  readonly onRead: (list: ProductList) => void;
}

/** The reads of products: each is one statement. */
export interface ProductReads {
  /** @param onRead called inside the statement's span, so that the line it logs carries that span's id */
  readPage(page: Page): Promise<ProductList>;
  /** @param onRead as above */
  readById(product: { id: number; caller: Caller; onRead: (product: Product) => void }): Promise<Product | undefined>;
}

/** The SQL of products on one database: each method is one statement in its span. */
export interface ProductQueries extends ProductReads {
  /** @param onInserted called inside the statement's span */
  insert(newProduct: NewProduct, caller: Caller, onInserted: (product: Product) => void): Promise<Product>;
}

/** Builds the statements of products for a database, which may be a replica. */
export function createProductQueries(database: Database, runQuery: RunQuery): ProductQueries {
  const { server } = database;
  const page = database.prepare(
    'query_products',
    queryBuilder
      .select(productColumns)
      .from(products)
      .where(gt(products.id, sql.placeholder('after')))
      .orderBy(asc(products.id))
      .limit(sql.placeholder('limit')),
  );
  const byId = database.prepare(
    'query_product_by_id',
    queryBuilder
      .select(productColumns)
      .from(products)
      .where(eq(products.id, sql.placeholder('id'))),
  );
  const insertion = database.prepare(
    'insert_product',
    queryBuilder
      .insert(products)
      .values({
        name: sql.placeholder('name'),
        price: sql.placeholder('price'),
        category: sql.placeholder('category'),
        created_at: sql.placeholder('created_at'),
      } satisfies Record<keyof NewProduct | 'created_at', unknown>)
      .returning(productColumns),
  );

  return {
    readPage: ({ limit, after, caller, onRead }) =>
      runQuery({ span: 'db_query_products', statement: page.text, server }, async () => {
        // One row more than the limit tells whether more follow.
        const rows = await page.execute({ after: after ?? ID_MIN, limit: limit + 1 }, caller);
        const items = rows.slice(0, limit);
        const list = { items, nextCursor: items.length < rows.length ? (items.at(-1)?.id ?? null) : null };
        onRead(list);
        return list;
      }),
    readById: ({ id, caller, onRead }) =>
      runQuery({ span: 'db_query_product_by_id', statement: byId.text, server }, async () => {
        const [product] = await byId.execute({ id }, caller);
        if (product !== undefined) onRead(product);
        return product;
      }),
    insert: (newProduct, caller, onInserted) =>
      runQuery({ span: 'db_insert_product', statement: insertion.text, server }, async () => {
        const [product] = await insertion.execute({ ...newProduct, created_at: utcTimestamp() }, caller);
        if (product === undefined) throw new Error('INSERT … RETURNING returned no row');
        onInserted(product);
        return product;
      }),
  };
}
