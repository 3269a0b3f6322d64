import {
  ApiError,
  describeValue,
  invalidInput,
  type Product,
  type ProductChanges,
} from '@products/api-contract/server';
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

/** What the table refuses of a product or its changes, as an error of the API: 409 where another row is in the way, else 400. */
export function explainRefusal(refusal: ValueRefusedError, product: ProductChanges): ApiError {
  if (refusal.isConflict) {
    return new ApiError('CONFLICT', { message: 'Un produit qui existe déjà ne permet pas celui-ci.', cause: refusal });
  }
  const encoding = explainEncoding(refusal, { ...product });
  if (encoding !== undefined) return encoding;
  const { field, expected } = describeRefusal(refusal);
  const received = field === undefined ? 'un produit qu’elle refuse' : describeValue(product[field]);
  return invalidInput([{ path: field ?? '', message: `attendu ${expected}, reçu ${received}` }], refusal);
}

/** Which texts may have the character that the database's encoding lacks: none of them is one of ASCII's. */
export function explainEncoding(
  refusal: ValueRefusedError,
  fields: Readonly<Record<string, unknown>>,
): ApiError | undefined {
  if (refusal.condition !== 'untranslatable_character') return undefined;
  const issues = Object.entries(fields)
    .filter(([, value]) => typeof value === 'string' && [...value].some((character) => character > '\u007f'))
    .map(([path, value]) => ({
      path,
      message: `attendu des caractères que l’encodage de la base contient, reçu ${describeValue(value)}`,
    }));
  return issues.length === 0 ? undefined : invalidInput(issues, refusal);
}

/** A cursor that no list has given holds a text that its column does not take. */
export function explainCursor(refusal: ValueRefusedError): ApiError {
  return invalidInput([{ path: 'cursor', message: 'attendu le curseur d’une page, reçu un autre texte' }], refusal);
}

/** Why a product cannot be removed: most often, rows of other tables refer to it. */
export function explainHold(refusal: ValueRefusedError, id: number): ApiError {
  const isHeld = refusal.condition === 'foreign_key_violation' || refusal.condition === 'restrict_violation';
  if (!isHeld) return invalidInput([{ path: '', message: 'la table refuse cette suppression' }], refusal);
  const message = `Le produit ${id} est encore utilisé ailleurs : il ne peut être supprimé.`;
  return new ApiError('CONFLICT', { message, cause: refusal });
}

/** The field that the table refuses, where it can be told, and what it would take. */
function describeRefusal({ condition, column, keptValue }: ValueRefusedError): {
  readonly field: keyof ProductChanges | undefined;
  readonly expected: string;
} {
  const field = (['name', 'price', 'category'] as const).find((name) => name === column);
  switch (condition) {
    // Of all columns only the price is a number that clients give.
    case 'numeric_value_out_of_range':
      return { field: 'price', expected: 'un prix que la table peut contenir' };
    case 'invalid_text_representation':
      return {
        field,
        expected: `une valeur que la table garde telle quelle${keptValue === undefined ? '' : ` (elle garderait ${keptValue})`}`,
      };
    case 'string_data_right_truncation':
      return { field, expected: 'des textes assez courts pour la table' };
    default:
      return { field, expected: 'une valeur que la table accepte' };
  }
}
