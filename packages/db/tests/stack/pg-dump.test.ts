import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../src/connection.js';
import { startEmbeddedDatabase } from '../../src/embedded/index.js';
import { initDatabase, migrateDatabase } from '../../src/setup.js';

// PostgreSQL as Debian packages it: its server, its pg_dump, its psql.
const debianFolder = '/usr/lib/postgresql';
const port = 20_000 + (process.pid % 20_000);
let folder: string;

/** Runs a program of the server, which refuses to be run by root. */
function runAsPostgres(program: string, ...parameters: string[]): void {
  const [version] = readdirSync(debianFolder).sort((a, b) => Number(b) - Number(a));
  const command = [path.join(debianFolder, String(version), 'bin', program), ...parameters];
  const [file = '', ...rest] = process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--', ...command] : command;
  execFileSync(file, rest, { stdio: ['ignore', 'ignore', 'inherit'], cwd: tmpdir() });
}

const psql = (database: string, statement: string) =>
  execFileSync('psql', ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-c', statement, database], {
    encoding: 'utf8',
  });

/** The table as pg_dump writes it, without what differs from run to run, and without the indexes of lists. */
const dump = (database: string) =>
  execFileSync(
    'pg_dump',
    ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-s', '-t', 'products*', database],
    {
      encoding: 'utf8',
    },
  )
    .split('\n')
    .filter((line) => !/^(--|\\(un)?restrict|CREATE INDEX products_\w+_id_idx |$)/.test(line))
    .join('\n');

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'products-debian-postgres-'));
  chmodSync(folder, 0o777);
  runAsPostgres('initdb', '-D', path.join(folder, 'data'), '-U', 'postgres', '--auth=trust');
  runAsPostgres(
    'pg_ctl',
    '-w',
    '-D',
    path.join(folder, 'data'),
    '-l',
    path.join(folder, 'log'),
    '-o',
    `-p ${port} -h 127.0.0.1 -k ''`,
    'start',
  );
});
afterAll(() => {
  runAsPostgres('pg_ctl', '-w', '-D', path.join(folder, 'data'), '-m', 'fast', 'stop');
  rmSync(folder, { recursive: true, force: true });
});

it('pg_dump writes the migrated table as it writes the documented one', async () => {
  psql('postgres', 'CREATE DATABASE documented');
  psql('postgres', 'CREATE DATABASE migrated');
  psql(
    'documented',
    `CREATE TABLE products (
       id SERIAL PRIMARY KEY,
       name VARCHAR(200) NOT NULL,
       price FLOAT NOT NULL,
       category VARCHAR(100) NOT NULL,
       created_at TIMESTAMP NOT NULL DEFAULT NOW()
     )`,
  );
  await migrateDatabase(parseDatabaseUrl(`postgresql://postgres@127.0.0.1:${port}/migrated`));
  const documented = dump('documented');
  expect(documented).toContain('CREATE TABLE public.products');
  expect(dump('migrated')).toBe(documented);
});

it('psql, called as the embedded database says, shows the table', async () => {
  const embedded = await startEmbeddedDatabase({ folder: path.join(folder, 'embedded') });
  await initDatabase(parseDatabaseUrl(embedded.url));
  const shown = execFileSync('bash', ['-c', `${embedded.psqlCommand} -c 'TABLE products'`], { encoding: 'utf8' });
  expect(shown).toContain('MacBook Pro 16"');
  expect(shown).toContain('(10 rows)');
  await embedded.stop();
});
