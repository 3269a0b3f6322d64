import type { products } from './schema.js';

/** The products of a new database, in the order of their ids. */
export const sampleProducts: readonly Omit<typeof products.$inferInsert, 'id' | 'created_at'>[] = [
  { name: 'MacBook Pro 16"', price: 2899.99, category: 'Ordinateurs' },
  { name: 'iPhone 15 Pro', price: 1299, category: 'Smartphones' },
  { name: 'AirPods Pro', price: 279, category: 'Audio' },
  { name: 'iPad Air', price: 699, category: 'Tablettes' },
  { name: 'Apple Watch Series 9', price: 449, category: 'Montres' },
  { name: 'Magic Keyboard', price: 129, category: 'Accessoires' },
  { name: 'Magic Mouse', price: 89, category: 'Accessoires' },
  { name: 'Studio Display', price: 1799, category: 'Écrans' },
  { name: 'HomePod Mini', price: 109, category: 'Audio' },
  { name: 'Mac Mini M2', price: 699, category: 'Ordinateurs' },
];
