// The ten samples, shared by all targets, and more rows for the works that need them.
import { initDatabase, parseDatabaseUrl } from '@products/db';
import { createTestDatabase, startTestServer } from '@products/db/testing';

const SAMPLES = 10;

export interface BenchDatabase {
  readonly url: string;
  /** Adds products to the ten samples until the table has this many. */
  fill(rows: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startDatabase(): Promise<BenchDatabase> {
  const server = await startTestServer();
  const database = await createTestDatabase(server.url);
  await initDatabase(parseDatabaseUrl(database.url));
  return {
    url: database.url,
    fill: async (rows) => {
      await database.query(`DELETE FROM products WHERE id > ${SAMPLES}`);
      await database.query(
        `INSERT INTO products (id, name, price, category, created_at)
         SELECT id, 'Produit ' || id, id + 0.99, 'Catégorie ' || id % 7, now()
         FROM generate_series(${SAMPLES + 1}, ${rows}) AS id`,
      );
      await database.query('VACUUM ANALYZE products');
    },
    stop: async () => {
      await database.drop();
      await server.stop();
    },
  };
}
