import { fileURLToPath } from 'node:url';
import type { ConnectionConfig } from './connection.js';
import { connectOnce } from './connector.js';
import { unwrapQueryError } from './database-error.js';
import { drizzle, migrate, type NodePgDatabase, sql } from './drizzle.js';
import { ensureListIndexes } from './list-indexes.js';
import { sampleProducts } from './samples.js';
import { products } from './schema.js';
import { isCondition } from './sql-states.js';
import { utcTimestampWithZone } from './utc-timestamp.js';

const migrationsFolder = fileURLToPath(new URL('../migrations', import.meta.url));

/** Any number, the same in every instance of the service. */
export const SETUP_LOCK = 5_432_000_001;

/**
 * Applies the migrations that the database does not have yet, and makes the indexes of lists. Safe when several instances start
 * at once.
 *
 * @returns the names of the indexes that cannot be made
 */
export async function migrateDatabase(connection: ConnectionConfig): Promise<string[]> {
  return withConnection(connection, async (orm) => {
    await applyMigrations(orm);
    return ensureListIndexes(orm);
  });
}

/** Adds the sample products if the table is empty. Returns how many were added. */
export async function seedDatabase(connection: ConnectionConfig): Promise<number> {
  return withConnection(connection, addSamples);
}

/** Migrates, then seeds, in one go: what {@link migrateDatabase} and {@link seedDatabase} return. */
export async function initDatabase(connection: ConnectionConfig): Promise<{ refused: string[]; added: number }> {
  return withConnection(connection, async (orm) => {
    await applyMigrations(orm);
    return { refused: await ensureListIndexes(orm), added: await addSamples(orm) };
  });
}

export async function withConnection<T>(
  connection: ConnectionConfig,
  work: (orm: NodePgDatabase) => Promise<T>,
): Promise<T> {
  const client = await connectOnce(connection);
  try {
    return await work(drizzle(client));
  } finally {
    await client.end().catch(() => {});
  }
}

/** The tables alone; the indexes of lists are {@link migrateDatabase}'s. */
export async function applyMigrations(orm: NodePgDatabase): Promise<void> {
  try {
    // Transaction-level lock: behind PgBouncer a session-level one would leak to the next client. The migrator's own BEGIN
    // has no effect inside it, and its COMMIT releases it.
    await orm.execute(sql`BEGIN`);
    await orm.execute(sql`SELECT pg_advisory_xact_lock(${SETUP_LOCK})`);
    await migrate(orm, { migrationsFolder });
  } catch (error) {
    const cause = unwrapQueryError(error);
    if (isCondition(cause, 'insufficient_privilege')) {
      throw new Error(
        `Droits insuffisants pour migrer (${cause.message}). Il faut : GRANT CREATE ON DATABASE … TO … (schéma « drizzle », ` +
          'qui garde la liste des migrations) et GRANT CREATE ON SCHEMA public TO … (table « products »).',
        { cause },
      );
    }
    throw cause;
  }
}

async function addSamples(orm: NodePgDatabase): Promise<number> {
  if (sampleProducts.length === 0) return 0;
  const seeding = orm.transaction(async (tx) => {
    // A concurrent POST waits, so that the table gets all samples or none.
    await tx.execute(sql`LOCK TABLE ${products} IN SHARE ROW EXCLUSIVE MODE`);
    const [existing] = await tx.select({ id: products.id }).from(products).limit(1);
    if (existing !== undefined) return 0;
    const created_at = utcTimestampWithZone();
    await tx.insert(products).values(sampleProducts.map((product) => ({ ...product, created_at })));
    return sampleProducts.length;
  });
  return seeding.catch((error: unknown) => {
    const cause = unwrapQueryError(error);
    if (isCondition(cause, 'undefined_table')) {
      throw new Error("La table « products » n'existe pas. Créez-la avec : pnpm db:init", { cause });
    }
    throw cause;
  });
}
