import type { Product } from '@products/api-contract';

/** When the product was created. `created_at` is UTC without a zone suffix; `new Date()` would read it as local time. */
export function createdAtOf({ created_at }: Pick<Product, 'created_at'>): Date {
  return new Date(`${created_at}Z`);
}
