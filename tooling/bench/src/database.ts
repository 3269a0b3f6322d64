// The ten samples, which all contenders share.
import { initDatabase, parseDatabaseUrl } from '@products/db';
import { createTestDatabase, startTestServer } from '@products/db/testing';

export interface BenchDatabase {
  readonly url: string;
  query(text: string): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startDatabase(): Promise<BenchDatabase> {
  const server = await startTestServer();
  const database = await createTestDatabase(server.url);
  await initDatabase(parseDatabaseUrl(database.url));
  return {
    url: database.url,
    query: (text) => database.query(text),
    stop: async () => {
      await database.drop();
      await server.stop();
    },
  };
}

/** Takes away what the work `post` has added. */
export async function removeAdded(database: BenchDatabase): Promise<void> {
  await database.query('DELETE FROM products WHERE id > 10');
  await database.query('VACUUM products');
}
