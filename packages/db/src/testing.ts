// A real PostgreSQL for tests: one server a test run, one database a test file, cloned from a migrated template.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { parseDatabaseUrl } from './connection.js';
import { type EmbeddedDatabase, startEmbeddedDatabase } from './embedded/index.js';
import { applyMigrations, migrateDatabase, withConnection } from './setup.js';

export { findFreePort } from './embedded/free-port.js';

/** Cloned by {@link createTestDatabase}: the documented table, no rows. */
export const TEMPLATE_DATABASE = 'products_db';

export interface TestServer {
  /** Of the template database; holds the password. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a server in a temporary folder, without the syncs to disk that only a crash of the machine would need. */
export async function startTestServer(): Promise<TestServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'products-test-postgres-'));
  const embedded: EmbeddedDatabase = await startEmbeddedDatabase({
    folder,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
  });
  await migrateDatabase(parseDatabaseUrl(embedded.url));
  return {
    url: embedded.url,
    stop: async () => {
      await embedded.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface TestDatabase {
  readonly url: string;
  /** Runs one statement outside the code under test. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/**
 * Makes a database of its own for one test file.
 *
 * @param serverUrl {@link TestServer.url}
 * @param template the database to clone, or `template0` for an empty one, with what else CREATE DATABASE may say
 */
export async function createTestDatabase(serverUrl: string, template = TEMPLATE_DATABASE): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const administration = new URL(serverUrl);
  administration.pathname = '/postgres';
  await runStatement(administration.href, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: url.href, max: 2 });
  pool.on('error', () => {});
  return {
    url: url.href,
    query: async <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) =>
      (await pool.query<Row>(text, values)).rows,
    drop: async () => {
      await pool.end();
      await runStatement(administration.href, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/**
 * Makes a database in which a table was there before the migrations, as the Flask service leaves it.
 *
 * @param statements make that table, and its rows
 * @param template as of {@link createTestDatabase}
 */
export async function createAdoptedDatabase(
  serverUrl: string,
  statements: string,
  template = 'template0',
): Promise<TestDatabase> {
  const database = await createTestDatabase(serverUrl, template);
  await database.query(statements);
  await withConnection(parseDatabaseUrl(database.url), applyMigrations);
  return database;
}

async function runStatement(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
