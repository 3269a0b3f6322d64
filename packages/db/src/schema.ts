import { doublePrecision, pgTable, serial, timestamp, varchar } from './drizzle.js';

/**
 * The one table of the service, as the Flask service created it.
 *
 * `created_at` is a `timestamp without time zone` that holds UTC. Inserts always give it: a table made by
 * SQLAlchemy has no default on that column.
 */
export const products = pgTable('products', {
  id: serial('id').primaryKey(),
  name: varchar('name', { length: 200 }).notNull(),
  price: doublePrecision('price').notNull(),
  category: varchar('category', { length: 100 }).notNull(),
  created_at: timestamp('created_at', { mode: 'string' }).notNull().defaultNow(),
});

/** Every table, for the check of the schema. */
export const tables = [products];
