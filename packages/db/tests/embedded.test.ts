import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { clusterIn } from '../src/embedded/cluster.js';
import {
  type EmbeddedDatabase,
  EmbeddedDatabaseHeldError,
  findRunningEmbeddedDatabase,
  locateEmbeddedFolder,
  startEmbeddedDatabase,
} from '../src/embedded/index.js';
import { readLock } from '../src/embedded/lock-file.js';
import { isRunning, type ProcessIdentity } from '../src/embedded/process-identity.js';
import { findServerOf } from '../src/embedded/server.js';

// Mode 0700: as root, the account that runs the server cannot walk through here.
const home = mkdtempSync(path.join(tmpdir(), 'products-embedded-'));
chmodSync(home, 0o700);
/** Made by the first test that starts; `initdb` takes longer than everything else here. */
const folder = path.join(home, 'checkout', '.postgres');
afterAll(() => rmSync(home, { recursive: true, force: true }));

const databases: EmbeddedDatabase[] = [];
const owners: ChildProcess[] = [];
afterEach(async () => {
  for (const database of databases.splice(0)) await database.stop();
  for (const owner of owners.splice(0)) {
    if (owner.exitCode !== null || owner.signalCode !== null) continue;
    owner.stdin?.write('exit');
    await once(owner, 'exit');
  }
});

/** Starts it in this process; it is stopped after the test. */
async function start(ownFolder = folder): Promise<EmbeddedDatabase> {
  const database = await startEmbeddedDatabase({ folder: ownFolder });
  databases.push(database);
  return database;
}

function runningServer(): ProcessIdentity {
  const server = findServerOf(clusterIn(folder));
  if (server === undefined) throw new Error('a running server is on record');
  return server;
}

async function query<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

const ownerProgram = `
  const { startEmbeddedDatabase } = await import(process.argv[1]);
  const database = await startEmbeddedDatabase({ folder: process.argv[2] });
  console.log(JSON.stringify({ url: database.url }));
  process.stdin.once('data', () => process.exit(0));
`;

/** Another process that holds the folder. */
async function startOwner(): Promise<{ owner: ChildProcess; url: string }> {
  const library = new URL('../dist/embedded/index.js', import.meta.url).href;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', ownerProgram, library, folder], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  owners.push(owner);
  const line = await Promise.race([
    once(createInterface(owner.stdout), 'line').then(([text]) => String(text)),
    once(owner, 'exit').then(() => Promise.reject(new Error('the owner did not get the database'))),
  ]);
  return { owner, url: JSON.parse(line).url };
}

describe('the embedded database', () => {
  it('is a real PostgreSQL on a free port that does not run as root, below a folder that only its owner may enter', async () => {
    const database = await start();
    const [row] = await query<{ version: string }>(database.url, 'SELECT version()');
    expect(row?.version).toMatch(/^PostgreSQL \d+/);
    expect(database.port).toBeGreaterThan(1_023);
    expect(statSync(path.join(folder, 'data')).uid).not.toBe(0);
  });

  it('keeps its data from one start to the next', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    const second = await start();
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('leaves no process and no lock behind when stopped', async () => {
    const database = await start();
    const server = runningServer();
    expect(isRunning(server)).toBe(true);
    expect(findRunningEmbeddedDatabase(folder)).toBe(database.url);
    await database.stop();
    expect(isRunning(server)).toBe(false);
    expect(readLock(folder)).toBeUndefined();
    expect(findRunningEmbeddedDatabase(folder)).toBeUndefined();
  });

  it('says how to reach it with psql, and keeps the password in a file that only its owner may read', async () => {
    const database = await start();
    const { password } = new URL(database.url);
    const passwordFile = path.join(folder, 'pgpass');
    expect(database.psqlCommand).toBe(
      `PGPASSFILE='${passwordFile}' psql -h 127.0.0.1 -p ${database.port} -U postgres products_db`,
    );
    expect(readFileSync(passwordFile, 'utf8')).toBe(`127.0.0.1:*:*:postgres:${password}\n`);
    expect(statSync(passwordFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(path.join(folder, 'postgres.log'), 'utf8')).not.toContain(password);
  });

  it('says how to reach it in a folder whose name a shell would take apart', async () => {
    const quoted = path.join(home, 'l\'été $HOME `id` \\ "x"', '.postgres');
    const database = await start(quoted);
    const programs = path.join(home, 'programs');
    mkdirSync(programs);
    writeFileSync(path.join(programs, 'psql'), '#!/bin/sh\nprintf "%s" "$PGPASSFILE"', { mode: 0o700 });
    const received = execFileSync('/bin/sh', ['-c', database.psqlCommand], {
      encoding: 'utf8',
      env: { PATH: programs },
    });
    expect(received).toBe(path.join(quoted, 'pgpass'));
  });

  it('keeps its log and its lock file from other accounts', async () => {
    await start();
    const modes = ['postgres.log', 'lock.json'].map((name) => statSync(path.join(folder, name)).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600]);
  });

  it('refuses a connection without the password', async () => {
    const url = new URL((await start()).url);
    url.password = 'wrong';
    await expect(query(url.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  it('tells a second start in the same folder which process holds it', async () => {
    const { owner, url } = await startOwner();
    const second = startEmbeddedDatabase({ folder });
    await expect(second).rejects.toThrow(EmbeddedDatabaseHeldError);
    await expect(second).rejects.toThrow(new RegExp(`processus ${owner.pid}\\b.*port ${new URL(url).port}`));
    expect(await query(url, 'SELECT 1 AS unharmed')).toEqual([{ unharmed: 1 }]);
  });

  it('steals the lock of a process that was killed, with all that was acknowledged', async () => {
    const { owner, url } = await startOwner();
    await query(url, 'CREATE TABLE acknowledged AS SELECT 1 AS row');
    const orphan = runningServer();
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    expect(isRunning(orphan)).toBe(true);

    const successor = await start();
    expect(isRunning(orphan)).toBe(false);
    expect(await query(successor.url, 'SELECT row FROM acknowledged')).toEqual([{ row: 1 }]);
  });

  it('goes with a process that exits without stopping it', async () => {
    const { owner } = await startOwner();
    const server = runningServer();
    owner.stdin?.write('exit');
    await once(owner, 'exit');
    await expect.poll(() => isRunning(server), { timeout: 10_000 }).toBe(false);
  });

  it('starts over what an interrupted first start left', async () => {
    const interrupted = path.join(home, 'interrupted');
    mkdirSync(path.join(interrupted, 'data.partial', 'base'), { recursive: true });
    const database = await start(interrupted);
    expect(await query(database.url, 'SELECT 1 AS up')).toEqual([{ up: 1 }]);
  });

  it('never touches data whose password is lost', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE untouched AS SELECT 42 AS answer');
    await first.stop();
    const passwordFile = path.join(folder, 'pgpass');
    renameSync(passwordFile, `${passwordFile}.aside`);
    await expect(startEmbeddedDatabase({ folder })).rejects.toThrow(/pgpass manque/);
    renameSync(`${passwordFile}.aside`, passwordFile);
    const second = await start();
    expect(await query(second.url, 'SELECT answer FROM untouched')).toEqual([{ answer: 42 }]);
  });

  it('stops a server that nobody has on record', async () => {
    const { owner } = await startOwner();
    const orphan = runningServer();
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    writeFileSync(path.join(folder, 'lock.json'), '');
    await start();
    expect(isRunning(orphan)).toBe(false);
  });

  it('gives the lock to one of several that start at once after a killed one', async () => {
    const { owner } = await startOwner();
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const starts = Array.from({ length: 4 }, () =>
      startOwner().then(
        ({ owner: winner }) => winner,
        () => undefined,
      ),
    );
    const winners = (await Promise.all(starts)).filter((winner) => winner !== undefined);
    expect(winners).toHaveLength(1);
    expect(readLock(folder)?.owner.pid).toBe(winners[0]?.pid);
  });

  it('belongs to a checkout: there is none elsewhere', () => {
    expect(locateEmbeddedFolder()).toBe(path.resolve(import.meta.dirname, '../../../.postgres'));
    expect(locateEmbeddedFolder(tmpdir())).toBeUndefined();
  });

  it('reports when the server dies', async () => {
    const database = await start();
    process.kill(runningServer().pid, 'SIGINT');
    await database.died;
  });
});
