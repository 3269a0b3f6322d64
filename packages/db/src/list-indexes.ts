import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { unwrapQueryError } from './database-error.js';
import { type NodePgDatabase, sql } from './drizzle.js';
import type { products } from './schema.js';
import { isCondition } from './sql-states.js';

/** The columns that lists are ordered by or filtered with. Ids settle the order of equal values. */
const columns = [
  'name',
  'price',
  'category',
  'created_at',
] as const satisfies readonly (keyof typeof products.$inferSelect)[];

/** A table with fewer rows is sorted in no time. */
const ROWS_MIN = 10_000;

const RETRY_AFTER_MS = 200;
/** Of another instance that makes an index of a large table, for ten minutes. */
const ATTEMPTS_MAX = 3_000;

/**
 * Makes the indexes of lists that are missing, without keeping anybody from writing
 * (https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY): outside of a transaction, and
 * again where one was left half made. Lists are right without them.
 *
 * @returns the names of those that cannot be made: by this role, for values that are too long, on a partitioned table
 */
export async function ensureListIndexes(orm: NodePgDatabase): Promise<string[]> {
  const refused: string[] = [];
  for (const column of columns) {
    const name = `products_${column}_id_idx`;
    if (!(await ensureIndex(orm, name, `(${column}, id)`))) refused.push(name);
  }
  return refused;
}

/**
 * The columns by which a large table would have to be sorted for each page, for lack of an index of whatever name.
 */
export async function findUnindexedColumns(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ column: string }>(
    `SELECT attname AS column FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE pg_class.oid = to_regclass('products') AND reltuples >= $1 AND attname = ANY($2) AND NOT EXISTS (
      SELECT 1 FROM pg_index JOIN pg_attribute AS id ON id.attrelid = indrelid AND id.attname = 'id'
      WHERE indrelid = pg_class.oid AND indisvalid AND indpred IS NULL
        AND indkey[0] = pg_attribute.attnum AND indkey[1] = id.attnum)
    ORDER BY array_position($2, attname::text)`,
    [ROWS_MIN, columns],
  );
  return rows.map(({ column }) => column);
}

/** Whether it is there at the end. */
async function ensureIndex(orm: NodePgDatabase, name: string, columns: string): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const state = await stateOf(orm, name);
    if (state === 'valid') return true;
    if (state === 'in progress') {
      await sleep(RETRY_AFTER_MS);
      continue;
    }
    try {
      if (state === 'invalid') await orm.execute(sql.raw(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`));
      await orm.execute(sql.raw(`CREATE INDEX CONCURRENTLY IF NOT EXISTS ${name} ON products ${columns}`));
      // Something else has the name.
      if ((await stateOf(orm, name)) === 'absent') return false;
    } catch (error) {
      const cause = unwrapQueryError(error);
      // Another instance makes it at the same time: each waits for the other.
      if (!isCondition(cause, 'deadlock_detected') && !isCondition(cause, 'unique_violation')) return false;
      await sleep(RETRY_AFTER_MS);
    }
  }
  return false;
}

async function stateOf(orm: NodePgDatabase, name: string): Promise<'absent' | 'valid' | 'invalid' | 'in progress'> {
  const { rows } = await orm.execute<{ is_valid: boolean; is_in_progress: boolean }>(
    sql`SELECT indisvalid AS is_valid, EXISTS (
          SELECT 1 FROM pg_stat_progress_create_index WHERE index_relid = indexrelid) AS is_in_progress
        FROM pg_index WHERE indexrelid = to_regclass(${name})`,
  );
  const [row] = rows;
  if (row === undefined) return 'absent';
  if (row.is_valid) return 'valid';
  return row.is_in_progress ? 'in progress' : 'invalid';
}
