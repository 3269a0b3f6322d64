import {
  type Caller,
  type NewProduct,
  type Position,
  type Product,
  type ProductChanges,
  type ProductQuery,
  setVersion,
} from '@products/api-contract/server';
import {
  and,
  asc,
  type Database,
  desc,
  eq,
  products,
  queryBuilder,
  type Statement,
  sql,
  utcTimestampWithZone,
} from '@products/db';
import type { RunQuery } from '../run-query.js';
import { assertComplete } from './stored-product.js';

/** UTC, whether the column has a time zone or not, and whatever the session's is. */
const createdAtInUtc = sql`to_timestamp(extract(epoch from ${products.created_at})) AT TIME ZONE 'UTC'`;

/** A product as the API shows it. PostgreSQL writes the timestamp, so that no time zone can get in between. */
const productColumns = {
  id: products.id,
  name: products.name,
  price: products.price,
  category: products.category,
  created_at: sql<string>`to_char(${createdAtInUtc}, 'YYYY-MM-DD"T"HH24:MI:SS')`.as('created_at'),
};

/** The transaction that wrote the row: another one with each change (https://www.postgresql.org/docs/current/ddl-system-columns.html). */
const version = sql<string>`xmin::text`.as('version');

/** Of any integer type: an adopted table may have another than `integer`. */
const idValue = (name: string) => sql`${sql.placeholder(name)}::bigint`;

/** The values of a new product, each of a type that PostgreSQL converts to the column's without losing a digit on the way. */
const newValues = {
  name: sql`${sql.placeholder('name')}::text`,
  price: sql`${sql.placeholder('price')}::numeric`,
  category: sql`${sql.placeholder('category')}::text`,
} satisfies Record<keyof NewProduct, unknown>;

/**
 * Fails where the row is not what was given, so that nothing is inserted: a `numeric(10,2)` rounds, a `varchar` drops blanks at
 * the end, a trigger may do anything. The text that is no integer names the column, for the error to tell.
 */
const unchanged = sql<null>`(CASE
  WHEN ${products.name}::text <> ${newValues.name} THEN 'column:name='
  WHEN ${products.category}::text <> ${newValues.category} THEN 'column:category='
  WHEN ${products.price}::text::float8 <> ${newValues.price}::float8 THEN 'column:price=' || ${products.price}
END)::integer`.as('unchanged');

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

/** A row of a sorted list also has its text in the column that it is sorted by. */
type PageRow = Product & { readonly position?: string };

/** Builds the statement of a list: one for each order and each set of conditions, so that each can use an index. */
function selectPage({ sort, category, q, after }: ProductQuery) {
  const column = products[sort.replace('-', '') as keyof Product];
  const isById = column === products.id;
  const isDescending = sort.startsWith('-');
  const direction = isDescending ? desc : asc;
  const behind = isDescending ? sql.raw('<') : sql.raw('>');
  // A text without a type is read as the column's, whatever that is in an adopted table.
  const position = isById
    ? sql`${products.id} ${behind} ${idValue('id')}`
    : sql`(${column}, ${products.id}) ${behind} (${sql.placeholder('value')}, ${idValue('id')})`;
  return queryBuilder
    .select(isById ? productColumns : { ...productColumns, position: sql<string>`${column}::text`.as('position') })
    .from(products)
    .where(
      and(
        after === null ? undefined : position,
        category === undefined ? undefined : sql`${products.category} = ${sql.placeholder('category')}`,
        q === undefined ? undefined : sql`${products.name}::text ILIKE ${sql.placeholder('q')}`,
      ),
    )
    .orderBy(...(isById ? [] : [direction(column)]), direction(products.id))
    .limit(sql.placeholder('limit'));
}

/** A pattern of LIKE that finds the text anywhere. */
function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
}

/** The column's value where nothing is given. */
const givenOr = (name: keyof NewProduct) => sql`coalesce(${newValues[name]}, ${products[name]})`;

/** Any version where none is named. */
const hasVersion = sql`(${sql.placeholder('versions')}::text[] IS NULL OR xmin::text = ANY(${sql.placeholder('versions')}::text[]))`;

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
  /**
   * Undefined where no product has this id and one of these versions; undefined versions: any.
   *
   * @param onUpdated called inside the statement's span
   */
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

/** Builds the statements of products for a database, which may be a replica. */
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
  const byId = database.prepare(
    'query_product_by_id',
    queryBuilder
      .select({ ...productColumns, version })
      .from(products)
      .where(eq(products.id, idValue('id'))),
  );
  const insertion = database.prepare(
    'insert_product',
    queryBuilder
      .insert(products)
      .values({ ...newValues, created_at: sql.placeholder('created_at') })
      .returning({ ...productColumns, unchanged }),
  );
  const update = database.prepare(
    'update_product',
    queryBuilder
      .update(products)
      .set({ name: givenOr('name'), price: givenOr('price'), category: givenOr('category') })
      .where(and(eq(products.id, idValue('id')), hasVersion))
      .returning({ ...productColumns, unchanged, version }),
  );
  const removal = database.prepare(
    'delete_product',
    queryBuilder
      .delete(products)
      .where(and(eq(products.id, idValue('id')), hasVersion))
      .returning({ id: products.id }),
  );

  return {
    readPage: ({ limit, caller, onRead, ...query }) => {
      const statement = pageOf(query);
      const { category, q = '', after } = query;
      // One row more than the limit tells whether more follow.
      const values = { ...after, category, q: containing(q), limit: limit + 1 };
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
