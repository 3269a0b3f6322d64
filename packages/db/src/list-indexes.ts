import { setTimeout as sleep } from 'node:timers/promises';
import { unwrapQueryError } from './database-error.js';
import { type NodePgDatabase, sql } from './drizzle.js';
import { isCondition } from './sql-states.js';

/** The orders and the filter of lists, by the names of their indexes. Ids settle the order of equal values. */
const indexes = {
  products_category_id_idx: '(category, id)',
  products_created_at_id_idx: '(created_at, id)',
  products_name_id_idx: '(name, id)',
  products_price_id_idx: '(price, id)',
} as const;

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
  for (const [name, columns] of Object.entries(indexes)) {
    if (!(await ensureIndex(orm, name, columns))) refused.push(name);
  }
  return refused;
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
