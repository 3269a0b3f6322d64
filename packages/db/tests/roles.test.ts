import { spawnSync } from 'node:child_process';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createTestDatabase, startTestServer, type TestDatabase } from '../src/testing.js';

// The roles that service and exporter connect as, as the init job makes them.

const passwords = { DB_SERVICE_PASSWORD: 'service1', DB_EXPORTER_PASSWORD: 'exporter1' };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(inject('serverUrl'), 'template0');
  expect(runScripts(['init', 'roles'], passwords)).toEqual({
    status: 0,
    said: expect.stringMatching(/^Base de données prête.*\nRôles prêts : products_service, products_exporter\.$/),
  });
  await database.query('CREATE TABLE secrets AS SELECT 1 AS secret');
});
afterAll(async () => {
  await database.drop();
  await runAs(inject('serverUrl'), 'DROP ROLE products_service, products_exporter');
});

/** Some db:* scripts in a row, on the database of DATABASE_URL. */
function runScripts(names: readonly string[], environment: Readonly<Record<string, string>>, url = database.url) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli.js', ...names], {
    cwd: path.resolve(import.meta.dirname, '..'),
    encoding: 'utf8',
    env: { DATABASE_URL: url, ...environment },
  });
  return { status, said: `${stdout}${stderr}`.trim() };
}

async function runAs(url: string, text: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

function urlOf(role: string, password: string): string {
  const url = new URL(database.url);
  url.username = role;
  url.password = password;
  return url.href;
}
const asService = (text: string) => runAs(urlOf('products_service', 'service1'), text);
const asExporter = (text: string) => runAs(urlOf('products_exporter', 'exporter1'), text);

describe('the role of the service', () => {
  it('reads products, adds, changes and removes some', async () => {
    expect(await asService('SELECT count(*)::int FROM products')).toEqual([{ count: 10 }]);
    const insert =
      "INSERT INTO products (name, price, category) VALUES ('Mac Studio', 2399, 'Ordinateurs') RETURNING id";
    expect(await asService(insert)).toEqual([{ id: 11 }]);
    expect(await asService('UPDATE products SET price = 2299 WHERE id = 11 RETURNING price')).toEqual([
      { price: 2299 },
    ]);
    expect(await asService('DELETE FROM products WHERE id = 11 RETURNING id')).toEqual([{ id: 11 }]);
  });

  it.each([
    'TRUNCATE products',
    'DROP TABLE products',
    'ALTER TABLE products ADD COLUMN extra int',
    'CREATE TABLE mine (id int)',
    "SELECT setval('products_id_seq', 1)",
    'SELECT * FROM secrets',
    'SELECT * FROM drizzle.__drizzle_migrations',
    'SELECT * FROM pg_authid',
    'CREATE ROLE another',
    'CREATE DATABASE another',
    "COPY products TO PROGRAM 'true'",
  ])('may not: %s', async (statement) => {
    await expect(asService(statement)).rejects.toThrow(/permission denied|must be owner/);
  });
});

describe('the role of the exporter', () => {
  it('reads the statistics of the server', async () => {
    // What others see as "<insufficient privilege>".
    expect(await asExporter("SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '<insufficient%'")).toEqual([
      { count: 0 },
    ]);
    const [{ size }] = await asExporter('SELECT pg_database_size(current_database())::int AS size');
    expect(size).toBeGreaterThan(0);
    expect(await asExporter('SELECT count(*) > 0 AS listed FROM pg_ls_waldir()')).toEqual([{ listed: true }]);
  });

  it.each(['SELECT * FROM products', 'SELECT * FROM secrets', 'INSERT INTO products DEFAULT VALUES'])(
    'may not: %s',
    async (statement) => {
      await expect(asExporter(statement)).rejects.toThrow(/permission denied/);
    },
  );
});

describe('db:roles', () => {
  it('run again, gives new passwords and takes back what was granted by hand', async () => {
    await database.query('GRANT ALL ON products TO products_service');
    expect(runScripts(['roles'], { DB_SERVICE_PASSWORD: 'service2' }).said).toBe('Rôles prêts : products_service.');
    await expect(asService('SELECT 1')).rejects.toThrow(/password authentication failed/);
    const withNewPassword = urlOf('products_service', 'service2');
    expect(await runAs(withNewPassword, 'SELECT count(*)::int FROM products')).toHaveLength(1);
    await expect(runAs(withNewPassword, 'TRUNCATE products')).rejects.toThrow(/permission denied/);
    expect(runScripts(['roles'], passwords).status).toBe(0);
  });

  it('leaves no password that can be read: the server is given its hash', async () => {
    const hashes = await database.query<{ rolpassword: string }>(
      "SELECT rolpassword FROM pg_authid WHERE rolname LIKE 'products\\_%'",
    );
    expect(hashes).toHaveLength(2);
    for (const { rolpassword } of hashes) expect(rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
  });

  it('has no default password: it names the variables', () => {
    expect(runScripts(['roles'], { DB_SERVICE_PASSWORD: '' })).toEqual({
      status: 1,
      said: 'Aucun mot de passe de rôle : définissez DB_SERVICE_PASSWORD, DB_EXPORTER_PASSWORD.',
    });
  });

  it('says which rights the owner lacks', () => {
    expect(runScripts(['roles'], passwords, urlOf('products_service', 'service1'))).toEqual({
      status: 1,
      said: expect.stringMatching(/^Droits insuffisants pour créer les rôles \(permission denied.*CREATEROLE/),
    });
  });

  it('needs no superuser: an owner with CREATEROLE makes the role of the service', async () => {
    const server = await startTestServer();
    const owned = await createTestDatabase(server.url, 'template0');
    const url = new URL(owned.url);
    await owned.query("CREATE ROLE owner LOGIN CREATEROLE PASSWORD 'owner1'");
    await owned.query(`ALTER DATABASE ${url.pathname.slice(1)} OWNER TO owner`);
    url.username = 'owner';
    url.password = 'owner1';
    const result = runScripts(['init', 'roles'], { DB_SERVICE_PASSWORD: 'service1' }, url.href);
    await owned.drop();
    await server.stop();
    expect(result).toEqual({ status: 0, said: expect.stringMatching(/Rôles prêts : products_service\.$/) });
  });

  it('says what to do where there is no table yet', async () => {
    const empty = await createTestDatabase(inject('serverUrl'), 'template0');
    const result = runScripts(['roles'], passwords, empty.url);
    await empty.drop();
    expect(result).toEqual({
      status: 1,
      said: "La table « products » n'existe pas. Créez-la avec : pnpm db:init",
    });
  });

  it('knows every script before it runs the first', () => {
    expect(runScripts(['init', 'rôles'], passwords)).toEqual({
      status: 1,
      said: expect.stringMatching(/^Commande inconnue « rôles »/),
    });
  });
});
