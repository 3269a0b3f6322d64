// What a table refuses, as errors of the API.
import { ApiError, describeValue, invalidInput } from '@products/api-contract/server';
import type { ValueRefusedError } from '@products/db';

/** The values of a statement, by the names that clients give them. */
type Values = Readonly<Record<string, unknown>>;

/** What the table refuses of these values: 409 where another row is in the way, else 400. */
export function explainRefusal(refusal: ValueRefusedError, values: Values): ApiError {
  if (refusal.isConflict) {
    return new ApiError('CONFLICT', { message: 'Une ligne qui existe déjà ne permet pas celle-ci.', cause: refusal });
  }
  const encoding = explainEncoding(refusal, values);
  if (encoding !== undefined) return encoding;
  const { field, expected } = describeRefusal(refusal, values);
  const received = field === undefined ? 'des valeurs qu’elle refuse' : describeValue(values[field]);
  return invalidInput([{ path: field ?? '', message: `attendu ${expected}, reçu ${received}` }], refusal);
}

/** Which texts may have the character that the database's encoding lacks: none of them is one of ASCII's. */
export function explainEncoding(refusal: ValueRefusedError, values: Values): ApiError | undefined {
  if (refusal.condition !== 'untranslatable_character') return undefined;
  const issues = Object.entries(values)
    .filter(([, value]) => typeof value === 'string' && [...value].some((character) => character > '\u007f'))
    .map(([path, value]) => ({
      path,
      message: `attendu des caractères que l’encodage de la base contient, reçu ${describeValue(value)}`,
    }));
  return issues.length === 0 ? undefined : invalidInput(issues, refusal);
}

/**
 * Why a row cannot be removed: most often, rows of other tables refer to it.
 *
 * @param row with its id: `Le produit 3`
 */
export function explainHold(refusal: ValueRefusedError, row: string): ApiError {
  const isHeld = refusal.condition === 'foreign_key_violation' || refusal.condition === 'restrict_violation';
  if (!isHeld) return invalidInput([{ path: '', message: 'la table refuse cette suppression' }], refusal);
  const message = `${row} est encore utilisé ailleurs et ne peut être supprimé.`;
  return new ApiError('CONFLICT', { message, cause: refusal });
}

/** The field that the table refuses, where it can be told, and what it would take. */
function describeRefusal(
  { condition, column, keptValue }: ValueRefusedError,
  values: Values,
): { readonly field: string | undefined; readonly expected: string } {
  const field = column !== undefined && Object.hasOwn(values, column) ? column : undefined;
  switch (condition) {
    case 'numeric_value_out_of_range': {
      const numbers = Object.keys(values).filter((name) => typeof values[name] === 'number');
      return {
        field: field ?? (numbers.length === 1 ? numbers[0] : undefined),
        expected: 'un nombre que la table peut contenir',
      };
    }
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
