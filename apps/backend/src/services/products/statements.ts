// The SQL of products.
import type { NewProduct, Product, ProductQuery } from '@products/api-contract/server';
import { and, asc, desc, eq, isNull, products, queryBuilder, type SQL, sql } from '@products/db';
import { hasVersion, idValue, version } from '../row.js';

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

/** The values of a new product, each of a type that PostgreSQL converts to the column's without losing a digit on the way. */
const newValues = {
  name: sql`${sql.placeholder('name')}::text`,
  price: sql`${sql.placeholder('price')}::numeric`,
  category: sql`${sql.placeholder('category')}::text`,
} satisfies Record<keyof NewProduct, unknown>;

/**
 * Fails where the row is not what was given, so that nothing is stored: a `numeric(10,2)` rounds, a `varchar` drops blanks at
 * the end, a trigger may do anything. The text that is no integer names the column, for the error to tell.
 */
const unchanged = sql<null>`(CASE
  WHEN ${products.name}::text <> ${newValues.name} THEN 'column:name='
  WHEN ${products.category}::text <> ${newValues.category} THEN 'column:category='
  WHEN ${products.price}::text::float8 <> ${newValues.price}::float8 THEN 'column:price=' || ${products.price}
END)::integer`.as('unchanged');

/** A row of a sorted list also has its text in the column that it is sorted by. */
export type PageRow = Product & { readonly position?: string };

/** The statement of a list: one for each order and each set of conditions, so that each can use an index. */
export function selectPage(query: ProductQuery) {
  const { sort, after } = query;
  const column = products[sort.replace('-', '') as keyof Product];
  const isDescending = sort.startsWith('-');
  const isById = column === products.id;
  const direction = isDescending ? desc : asc;
  const behind = isDescending ? sql.raw('<') : sql.raw('>');
  // A text without a type is read as the column's, whatever that is in an adopted table.
  const position = isById
    ? sql`${products.id} ${behind} ${idValue('id')}`
    : sql`(${column}, ${products.id}) ${behind} (${sql.placeholder('value')}, ${idValue('id')})`;
  const select = (where: SQL | undefined) =>
    queryBuilder
      .select(isById ? productColumns : { ...productColumns, position: sql<string>`${column}::text`.as('position') })
      .from(products)
      .where(and(where, isListed(query)))
      .orderBy(...(isById ? [] : [direction(column)]), direction(products.id))
      .limit(sql.placeholder('limit'));
  if (after === null) return select(undefined);
  if (isById || isDescending) return select(position);
  // NULL is behind no position, and the last of ascending values: a second part, run only where the first is not full.
  return select(position)
    .unionAll(select(isNull(column)))
    .limit(sql.placeholder('limit'));
}

/** What `category` and `q` ask for. The database's own collation: LIKE takes none that is not deterministic. */
function isListed({ category, q }: ProductQuery): SQL | undefined {
  return and(
    category === undefined ? undefined : sql`${products.category} = ${sql.placeholder('category')}`,
    q === undefined ? undefined : sql`${products.name}::text COLLATE "default" ILIKE ${sql.placeholder('q')}`,
  );
}

/** The column's value where nothing is given. */
const givenOr = (name: keyof NewProduct) => sql`coalesce(${newValues[name]}, ${products[name]})`;

export const selectById = queryBuilder
  .select({ ...productColumns, version })
  .from(products)
  .where(eq(products.id, idValue('id')));

export const insertProduct = queryBuilder
  .insert(products)
  .values({ ...newValues, created_at: sql.placeholder('created_at') })
  .returning({ ...productColumns, unchanged });

/** Whether the row would be a product: an adopted one may hold NULL, NaN or infinity. */
const isComplete = sql`${givenOr('name')} IS NOT NULL AND ${givenOr('category')} IS NOT NULL
  AND abs(${givenOr('price')}::float8) < 'Infinity' AND isfinite(${products.created_at})`;

export const updateProduct = queryBuilder
  .update(products)
  .set({ name: givenOr('name'), price: givenOr('price'), category: givenOr('category') })
  .where(and(eq(products.id, idValue('id')), hasVersion, isComplete))
  .returning({ ...productColumns, unchanged, version });

export const deleteProduct = queryBuilder
  .delete(products)
  .where(and(eq(products.id, idValue('id')), hasVersion))
  .returning({ id: products.id });
