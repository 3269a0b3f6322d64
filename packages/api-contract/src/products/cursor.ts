import { describeValue } from '../describe-value.js';
import { invalidInput } from '../errors.js';
import { ID_MAX, ID_MIN } from '../fields.js';

const sortColumns = ['id', 'name', 'price', 'category', 'created_at'] as const;

/** By a column, products with the same value by their ids; with `-`, the other way round. */
export type ProductSort = (typeof sortColumns)[number] | `-${(typeof sortColumns)[number]}`;

export const PRODUCT_SORTS: readonly ProductSort[] = sortColumns.flatMap((column) => [column, `-${column}`] as const);

/** Where a page begins: behind the product with this id, and this text in the column that the list is sorted by. */
export interface Position {
  /** As PostgreSQL writes it; null in the order of ids. */
  readonly value: string | null;
  readonly id: number;
}

/** The cursor of the page behind a position: the id itself in the order of ids, else an opaque text. */
export function writeCursor(sort: ProductSort, { value, id }: Position): number | string {
  if (sort === 'id') return id;
  return Buffer.from(JSON.stringify([sort, value, id])).toString('base64url');
}

/** Whether it is the cursor of any order: an id, or a text that a list has given. */
export function isCursor(value: unknown): value is number | string {
  return typeof value === 'string'
    ? PRODUCT_SORTS.some((sort) => sort === decode(value)[0])
    : Number.isSafeInteger(value);
}

/** @throws {ApiError} 400 for one that this order of the list has not given. */
export function readCursor(sort: ProductSort, cursor: number | string | null): Position | null {
  if (cursor === null) return null;
  if (sort === 'id') return { value: null, id: readId(cursor) };
  const [ofSort, value, id] = typeof cursor === 'string' ? decode(cursor) : [];
  if (ofSort === sort && (typeof value === 'string' || sort === '-id') && Number.isSafeInteger(id)) {
    return { value: typeof value === 'string' ? value : null, id: Number(id) };
  }
  const isOfOther = ofSort !== undefined && ofSort !== sort;
  const why = isOfOther ? `un curseur de sort=${ofSort}` : describeValue(cursor);
  throw refuse(`attendu le curseur d’une page de sort=${sort}, reçu ${why}`);
}

function readId(cursor: number | string): number {
  if (typeof cursor === 'number') return cursor;
  throw refuse(`attendu un nombre entier de ${ID_MIN} à ${ID_MAX}, reçu ${describeValue(cursor)}`);
}

function refuse(message: string) {
  return invalidInput([{ path: 'cursor', message }], undefined);
}

function decode(cursor: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}
