import { type ApiError, invalidInput, type Product } from '@products/api-contract/server';
import type { ValueRefusedError } from '@products/db';

/** A row holds what no product may have: the API cannot show it. */
class StoredValueError extends Error {
  override readonly name = 'StoredValueError';

  constructor(column: string, id: unknown, value: unknown) {
    super(`products.${column} du produit ${id} vaut ${value}, ce qu’aucun produit ne peut avoir`);
  }
}

/**
 * Checks what an adopted table may hold where its columns allow it: NULL, NaN, infinity, an id beyond 2^53.
 *
 * @throws {StoredValueError} that names the column and the id.
 */
export function assertComplete(product: Product): void {
  const { id, name, price, category, created_at } = product as Readonly<Record<keyof Product, unknown>>;
  if (!Number.isSafeInteger(id)) throw new StoredValueError('id', id, id);
  if (typeof name !== 'string') throw new StoredValueError('name', id, name);
  if (!Number.isFinite(price)) throw new StoredValueError('price', id, price);
  if (typeof category !== 'string') throw new StoredValueError('category', id, category);
  if (typeof created_at !== 'string') throw new StoredValueError('created_at', id, 'NULL ou infinity');
}

/** A cursor that no list has given holds a text that its column does not take. */
export function explainCursor(refusal: ValueRefusedError): ApiError {
  return invalidInput([{ path: 'cursor', message: 'attendu le curseur d’une page, reçu un autre texte' }], refusal);
}
