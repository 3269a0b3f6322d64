import {
  type Caller,
  type NewProduct,
  type Position,
  type Product,
  type ProductChanges,
  type ProductQuery,
  setVersion,
} from '@products/api-contract/server';
import { type Database, type Statement, utcTimestampWithZone } from '@products/db';
import type { RunQuery } from '../run-query.js';
import { deleteProduct, insertProduct, type PageRow, selectById, selectPage, updateProduct } from './statements.js';
import { assertComplete } from './stored-product.js';

/** A part of a list. */
interface Page {
  readonly items: Product[];
  /** Where the next one begins; null on the last one. */
  readonly next: Position | null;
}

interface PageQuery extends ProductQuery {
  readonly limit: number;
  readonly caller: Caller;
  readonly onRead: (page: Page) => void;
}

/** The reads of products: each is one statement. */
export interface ProductReads {
  /** @param onRead called inside the statement's span, so that the line it logs carries that span's id */
  readPage(query: PageQuery): Promise<Page>;
  /** @param onRead as above */
  readById(product: { id: number; caller: Caller; onRead: (product: Product) => void }): Promise<Product | undefined>;
}

/** The SQL of products on one database: each method is one statement in its span. */
export interface ProductQueries extends ProductReads {
  /** @param onInserted called inside the statement's span */
  insert(newProduct: NewProduct, caller: Caller, onInserted: (product: Product) => void): Promise<Product>;
  /** Undefined where no product has this id and one of these versions; undefined versions: any. */
  update(
    change: { id: number; changes: ProductChanges; versions: string[] | undefined },
    caller: Caller,
    onUpdated: () => void,
  ): Promise<Product | undefined>;
  /** Whether there was one to remove; as above. */
  delete(
    removal: { id: number; versions: string[] | undefined },
    caller: Caller,
    onDeleted: () => void,
  ): Promise<boolean>;
}

/** Prepares the statements of products for a database, which may be a replica. */
export function createProductQueries(database: Database, runQuery: RunQuery): ProductQueries {
  const pages = new Map<string, Statement<PageRow>>();
  const pageOf = (query: ProductQuery): Statement<PageRow> => {
    const { sort, category, q, after } = query;
    const parts = [
      ...(sort === 'id' ? [] : [`by_${sort}`]),
      ...(category === undefined ? [] : ['of_category']),
      ...(q === undefined ? [] : ['with_q']),
      ...(after === null ? [] : ['after']),
    ];
    const name = ['query_products', ...parts].join('_');
    let statement = pages.get(name);
    if (statement === undefined) {
      statement = database.prepare<PageRow>(name, selectPage(query));
      pages.set(name, statement);
    }
    return statement;
  };
  const byId = database.prepare('query_product_by_id', selectById);
  const insertion = database.prepare('insert_product', insertProduct);
  const update = database.prepare('update_product', updateProduct);
  const removal = database.prepare('delete_product', deleteProduct);

  return {
    readPage: ({ limit, caller, onRead, ...query }) => {
      const statement = pageOf(query);
      const { category, q, after } = query;
      // One row more than the limit tells whether more follow.
      const values = { ...after, category, q: q === undefined ? undefined : containing(q), limit: limit + 1 };
      return runQuery({ span: 'db_query_products', statement: statement.text, server: database.server }, async () => {
        const rows = await statement.execute(values, caller);
        const items = rows.slice(0, limit);
        for (const product of items) assertComplete(product);
        const last = items.length < rows.length ? items.at(-1) : undefined;
        const next = last === undefined ? null : { value: last.position ?? null, id: last.id };
        const page = { items: items.map(withoutPosition), next };
        onRead(page);
        return page;
      });
    },
    readById: ({ id, caller, onRead }) =>
      runQuery({ span: 'db_query_product_by_id', statement: byId.text, server: database.server }, async () => {
        const [row] = await byId.execute({ id }, caller);
        if (row === undefined) return undefined;
        const product = toProduct(row);
        onRead(product);
        return product;
      }),
    insert: (newProduct, caller, onInserted) =>
      runQuery({ span: 'db_insert_product', statement: insertion.text, server: database.server }, async () => {
        const [row] = await insertion.execute({ ...newProduct, created_at: utcTimestampWithZone() }, caller);
        if (row === undefined) throw new Error('INSERT … RETURNING returned no row');
        const { unchanged: _, ...product } = row;
        onInserted(product);
        return product;
      }),
    update: ({ id, changes: { name = null, price = null, category = null }, versions = null }, caller, onUpdated) =>
      runQuery({ span: 'db_update_product', statement: update.text, server: database.server }, async () => {
        const [row] = await update.execute({ id, name, price, category, versions }, caller);
        if (row === undefined) return undefined;
        const { unchanged: _, ...own } = row;
        const product = toProduct(own);
        onUpdated();
        return product;
      }),
    delete: ({ id, versions = null }, caller, onDeleted) =>
      runQuery({ span: 'db_delete_product', statement: removal.text, server: database.server }, async () => {
        const [row] = await removal.execute({ id, versions }, caller);
        if (row === undefined) return false;
        onDeleted();
        return true;
      }),
  };
}

/** A pattern of LIKE that finds the text anywhere. */
function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
}

/** Rows of a list by id have no position. */
function withoutPosition(row: PageRow): Product {
  if (row.position === undefined) return row;
  const { position: _, ...product } = row;
  return product;
}

function toProduct({ version: own, ...product }: Product & { readonly version: string }): Product {
  assertComplete(product);
  setVersion(product, own);
  return product;
}
