import { is, Table } from 'drizzle-orm';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import journal from '../migrations/meta/_journal.json' with { type: 'json' };
import { parseDatabaseUrl } from '../src/connection.js';
import { SchemaError } from '../src/database-error.js';
import { getTableName } from '../src/drizzle.js';
import * as schema from '../src/schema.js';

import { assertSchema } from '../src/schema-check.js';
import { initDatabase, migrateDatabase } from '../src/setup.js';
import { createAdoptedDatabase, createTestDatabase, type TestDatabase } from '../src/testing.js';

const DOCUMENTED_TABLE = `
  CREATE TABLE products (
    id SERIAL PRIMARY KEY,
    name VARCHAR(200) NOT NULL,
    price FLOAT NOT NULL,
    category VARCHAR(100) NOT NULL,
    created_at TIMESTAMP NOT NULL DEFAULT NOW()
  )`;

const LIST_INDEXES = ['category', 'created_at', 'name', 'price'].map((column) => ({
  indexname: `products_${column}_id_idx`,
  indexdef: `CREATE INDEX products_${column}_id_idx ON public.products USING btree (${column}, id)`,
}));

/** What SQLAlchemy's create_all() makes of the Flask model: no default on created_at. */
const FLASK_TABLE = `
  CREATE TABLE products (
    id SERIAL NOT NULL,
    name VARCHAR(200) NOT NULL,
    price FLOAT NOT NULL,
    category VARCHAR(100) NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id)
  )`;

const databases: TestDatabase[] = [];
async function createDatabase(template?: string): Promise<TestDatabase> {
  const database = await createTestDatabase(inject('serverUrl'), template);
  databases.push(database);
  return database;
}
afterAll(() => Promise.all(databases.map((database) => database.drop())));

/** Tables of resources that the Flask service does not have. */
const others: readonly string[] = schema.tables.map(getTableName).filter((name) => name !== 'products');

/** All that PostgreSQL's catalogue knows of the table: columns, constraints, the sequence and its owner; not the indexes of lists. */
async function describeTable({ query }: TestDatabase) {
  const names = LIST_INDEXES.map(({ indexname }) => `'${indexname}'`).join();
  return {
    columns: await query(`
      SELECT column_name, ordinal_position, column_default, is_nullable, data_type, udt_name,
             character_maximum_length, numeric_precision, datetime_precision, is_identity, collation_name
      FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'products' ORDER BY 2`),
    constraints: await query(`
      SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint
      WHERE conrelid = 'public.products'::regclass ORDER BY 1`),
    indexes: await query(
      `SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = 'products' AND indexname NOT IN (${names}) ORDER BY 1`,
    ),
    sequence: await query(`
      SELECT sequencename, data_type::text, start_value, increment_by, max_value, cycle
      FROM pg_sequences WHERE schemaname = 'public' AND sequencename LIKE 'products%'`),
    owned: await query(`SELECT pg_get_serial_sequence('public.products', 'id') AS sequence`),
    tables: (await query<{ name: string }>("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"))
      .map(({ name }) => name)
      .filter((name) => !others.includes(name)),
  };
}

describe('the migrations', () => {
  it('yield exactly the documented table, and beside it those of the other resources', async () => {
    const migrated = await createDatabase();
    const documented = await createDatabase('template0');
    await documented.query(DOCUMENTED_TABLE);
    expect(await describeTable(migrated)).toEqual(await describeTable(documented));
  });

  it('adopt the table of the Flask service as it is, rows and all', async () => {
    const flask = await createDatabase('template0');
    await flask.query(FLASK_TABLE);
    await flask.query(`INSERT INTO products (name, price, category, created_at)
                       VALUES ('Lampe', 12.5, 'Maison', '2024-12-14 20:00:00.123456')`);
    const before = { table: await describeTable(flask), rows: await flask.query('SELECT * FROM products') };
    expect(await initDatabase(parseDatabaseUrl(flask.url))).toEqual({ refused: [], added: 0 });
    expect({ table: await describeTable(flask), rows: await flask.query('SELECT * FROM products') }).toEqual(before);
  });

  it('are applied once by several instances that start at once', async () => {
    const fresh = await createDatabase('template0');
    const connection = parseDatabaseUrl(fresh.url);
    const made = await Promise.all(Array.from({ length: 8 }, () => initDatabase(connection)));
    const added = made.map((each) => each.added);
    expect(added.toSorted()).toEqual([0, 0, 0, 0, 0, 0, 0, 10]);
    const applied = await fresh.query<{ created_at: string }>('SELECT created_at FROM drizzle.__drizzle_migrations');
    expect(applied.map(({ created_at }) => Number(created_at))).toEqual(journal.entries.map(({ when }) => when));
    expect(await fresh.query('SELECT count(*)::int FROM products')).toEqual([{ count: 10 }]);
  });

  const listIndexes = ({ query }: TestDatabase) =>
    query(`SELECT indexname, indexdef FROM pg_indexes JOIN pg_index ON indexrelid = indexname::regclass AND indisvalid
           WHERE indexname LIKE '%_id_idx' ORDER BY 1`);

  it('make the indexes of lists, once by several instances too, and again where one was left half made', async () => {
    const fresh = await createDatabase('template0');
    await fresh.query(FLASK_TABLE);
    const connection = parseDatabaseUrl(fresh.url);
    expect((await Promise.all(Array.from({ length: 8 }, () => migrateDatabase(connection)))).flat()).toEqual([]);
    expect(await listIndexes(fresh)).toEqual(LIST_INDEXES);
    await fresh.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'products_name_id_idx'::regclass");
    await migrateDatabase(connection);
    expect(await listIndexes(fresh)).toEqual(LIST_INDEXES);
  }, 60_000);

  it('keep nobody from writing while they make an index', async () => {
    const busy = await createDatabase('template0');
    await busy.query(FLASK_TABLE);
    const insert = "INSERT INTO products (name, price, category, created_at) VALUES ('a', 1, 'b', now())";
    const writer = new pg.Client(busy.url);
    await writer.connect();
    await writer.query('BEGIN');
    await writer.query(insert);
    let isDone = false;
    const migrating = migrateDatabase(parseDatabaseUrl(busy.url)).then(() => {
      isDone = true;
    });
    await expect
      .poll(() => busy.query('SELECT count(*)::int FROM pg_stat_progress_create_index'), { timeout: 10_000 })
      .toEqual([{ count: 1 }]);
    await busy.query(insert);
    expect(isDone).toBe(false);
    await writer.query('COMMIT');
    await migrating;
    await writer.end();
    expect(await listIndexes(busy)).toEqual(LIST_INDEXES);
  });

  it('say which indexes a role that does not own the table may not make', async () => {
    const owned = await createDatabase('template0');
    const name = new URL(owned.url).pathname.slice(1);
    await owned.query(FLASK_TABLE);
    await owned.query(`CREATE ROLE guest_${name} LOGIN PASSWORD 'guest'; GRANT CREATE ON DATABASE ${name} TO guest_${name};
      GRANT CREATE ON SCHEMA public TO guest_${name}`);
    const url = new URL(owned.url);
    url.username = `guest_${name}`;
    url.password = 'guest';
    const refused = await migrateDatabase(parseDatabaseUrl(url.href));
    expect(refused.toSorted()).toEqual(LIST_INDEXES.map(({ indexname }) => indexname));
    await owned.query(`DROP OWNED BY guest_${name}; DROP ROLE guest_${name}`);
  });

  it('say what to grant to a role that may not migrate', async () => {
    const fresh = await createDatabase('template0');
    const role = `limited_${new URL(fresh.url).pathname.slice(1)}`;
    await fresh.query(`CREATE ROLE ${role} LOGIN PASSWORD 'limited'`);
    const url = new URL(fresh.url);
    url.username = role;
    url.password = 'limited';
    await expect(migrateDatabase(parseDatabaseUrl(url.href))).rejects.toThrow(/GRANT CREATE ON DATABASE/);
    await fresh.query(`DROP ROLE ${role}`);
  });
});

it('`tables` has every table of schema.ts, for the check at the start and the rights of roles', () => {
  const { tables, ...others } = schema;
  const declared = Object.values(others).filter((value) => is(value, Table));
  expect(new Set(tables)).toEqual(new Set(declared));
});

describe('the check of the schema', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase('template0');
  });

  it('names pnpm db:init when the table is missing', async () => {
    const check = assertSchema(parseDatabaseUrl(database.url));
    await expect(check).rejects.toThrow(SchemaError);
    await expect(check).rejects.toThrow(/pnpm db:init/);
  });

  it('says which column is missing', async () => {
    await database.query('CREATE TABLE products (id SERIAL PRIMARY KEY, name TEXT)');
    await expect(assertSchema(parseDatabaseUrl(database.url))).rejects.toThrow(/colonnes attendues.*price/);
  });

  it('passes on a migrated database, and on one of the Flask service', async () => {
    await assertSchema(parseDatabaseUrl((await createDatabase()).url));
    const adopted = await createAdoptedDatabase(inject('serverUrl'), FLASK_TABLE);
    databases.push(adopted);
    await assertSchema(parseDatabaseUrl(adopted.url));
  });

  it.each([
    ['price MONEY NOT NULL', /price est de type money/],
    ['price TEXT NOT NULL', /price est de type text, attendu : float8, .*numeric/],
    ['created_at DATE NOT NULL', /created_at est de type date/],
    ['name CHAR(200) NOT NULL', /name est de type character\(200\)/],
    ['id UUID PRIMARY KEY DEFAULT gen_random_uuid()', /id est de type uuid/],
    ['id INTEGER PRIMARY KEY', /id n’a ni séquence ni valeur par défaut/],
    ['stock INTEGER NOT NULL', /stock integer est obligatoire et n’a pas de valeur par défaut/],
  ])('refuses a table with %s, by the column and its type', async (column, message) => {
    const columns = ['id SERIAL PRIMARY KEY', 'name TEXT', 'price FLOAT', 'category TEXT', 'created_at TIMESTAMP'];
    const [name] = column.split(' ');
    const others = columns.filter((other) => !other.startsWith(`${name} `));
    await database.query('DROP TABLE IF EXISTS products');
    await database.query(`CREATE TABLE products (${[...others, column].join(', ')})`);
    const check = assertSchema(parseDatabaseUrl(database.url));
    await expect(check).rejects.toThrow(SchemaError);
    await expect(check).rejects.toThrow(message);
  });
});
