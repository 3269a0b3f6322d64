import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
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
