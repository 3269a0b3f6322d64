import { products, sql } from '@products/db';

/** A product as the API shows it. PostgreSQL writes the timestamp, so that no time zone can get in between. */
export const productColumns = {
  id: products.id,
  name: products.name,
  price: products.price,
  category: products.category,
  created_at: sql<string>`to_char(${products.created_at}, 'YYYY-MM-DD"T"HH24:MI:SS')`.as('created_at'),
};
