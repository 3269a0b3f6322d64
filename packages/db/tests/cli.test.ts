import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../src/testing.js';

const packageFolder = path.resolve(import.meta.dirname, '..');

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(inject('serverUrl'), 'template0');
});
afterAll(() => database.drop());

/** A db:* script, on the database of DATABASE_URL. */
function runScript(name: string, url = database.url) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli.js', name], {
    cwd: packageFolder,
    encoding: 'utf8',
    env: { DATABASE_URL: url },
  });
  return { status, said: `${stdout}${stderr}`.trim() };
}

it('db:seed says what to do where there is no table yet', () => {
  expect(runScript('seed')).toEqual({
    status: 1,
    said: "La table « products » n'existe pas. Créez-la avec : pnpm db:init",
  });
});

it('db:migrate makes the table, db:seed fills it, db:init finds nothing to do', async () => {
  expect(runScript('migrate')).toEqual({ status: 0, said: 'Migrations appliquées.' });
  expect(await database.query('SELECT count(*)::int FROM products')).toEqual([{ count: 0 }]);
  expect(runScript('seed').said).toContain('10 produits exemples ajoutés');
  expect(runScript('init').said).toContain('rien n’a été ajouté');
  expect(await database.query('SELECT count(*)::int FROM products')).toEqual([{ count: 10 }]);
});

it('a script fails with a reason, and without the password, where no server is', () => {
  for (const host of ['127.0.0.1', 'localhost']) {
    const { status, said } = runScript('init', `postgresql://u:canary@${host}:1/x`);
    expect(status).toBe(1);
    expect(said).toMatch(/ECONNREFUSED/);
    expect(said).not.toMatch(/canary/);
  }
});

it('an unknown script names the ones that there are', () => {
  expect(runScript('drop')).toEqual({
    status: 1,
    said: expect.stringMatching(/« drop ».*init, migrate, seed, roles, studio/),
  });
});

it('a command runs on the embedded database, seeded, as long as it likes, and ends it with its own code', () => {
  const checkout = mkdtempSync(path.join(tmpdir(), 'products-checkout-'));
  const copy = path.join(checkout, 'packages/db');
  mkdirSync(copy, { recursive: true });
  writeFileSync(path.join(checkout, 'pnpm-workspace.yaml'), '');
  for (const name of ['dist', 'migrations', 'package.json']) {
    cpSync(path.join(packageFolder, name), path.join(copy, name), { recursive: true });
  }
  symlinkSync(path.join(packageFolder, 'node_modules'), path.join(copy, 'node_modules'));
  const command = `
    const { Client } = require('pg');
    const client = new Client(process.env.DATABASE_URL);
    client.connect().then(async () => {
      const { rows } = await client.query('SELECT count(*)::int FROM products');
      console.log('counted', rows[0].count);
      await client.end();
      process.exit(7);
    });`;
  const run = spawnSync(process.execPath, ['dist/cli.js', 'run', '--', process.execPath, '-e', command], {
    cwd: copy,
    encoding: 'utf8',
    env: {},
  });
  expect(run).toMatchObject({ status: 7, stderr: '' });
  const [line = '', counted] = run.stdout.trim().split('\n');
  expect(JSON.parse(line)).toMatchObject({ level: 'INFO', psql: expect.stringMatching(/^PGPASSFILE=.* psql /) });
  expect(counted).toBe('counted 10');
  expect(readdirSync(path.join(checkout, '.postgres/data'))).not.toContain('postmaster.pid');
  rmSync(checkout, { recursive: true });
});

it('db:generate finds that the migrations say what the schema says', () => {
  const copy = mkdtempSync(path.join(tmpdir(), 'products-migrations-'));
  cpSync(path.join(packageFolder, 'migrations'), copy, { recursive: true });
  const before = readdirSync(copy, { recursive: true });
  const { stdout } = spawnSync(
    path.join(packageFolder, 'node_modules/.bin/drizzle-kit'),
    ['generate', '--dialect', 'postgresql', '--schema', 'src/schema.ts', '--out', path.relative(packageFolder, copy)],
    { cwd: packageFolder, encoding: 'utf8' },
  );
  expect(stdout).toMatch(/No schema changes/);
  expect(readdirSync(copy, { recursive: true })).toEqual(before);
  rmSync(copy, { recursive: true });
});
