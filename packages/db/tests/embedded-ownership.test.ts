import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedDatabase } from '../src/embedded/index.js';

const home = mkdtempSync(path.join(tmpdir(), 'products-ownership-'));
chmodSync(home, 0o700);
const folder = path.join(home, 'checkout', '.postgres');
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('an embedded database whose pid file names a process that is not its server', () => {
  const data = path.join(folder, 'data');
  let owner: { readonly uid: number; readonly gid: number };
  let victim: ChildProcess;
  beforeAll(async () => {
    const database = await startEmbeddedDatabase({ folder });
    await database.stop();
    owner = statSync(data);
  });
  afterEach(() => {
    victim.kill('SIGKILL');
    rmSync(path.join(data, 'postmaster.pid'), { force: true });
    rmSync(path.join(data, 'postgres'), { force: true });
    if (process.getuid?.() === 0) chownSync(data, owner.uid, owner.gid);
  });

  /** A program that is called `postgres`, as a server would be, and is on record in the pid file. */
  async function startVictim(options: { readonly cwd: string; readonly uid?: number }) {
    const name = 'postgres';
    copyFileSync('/bin/sleep', path.join(options.cwd, name));
    victim = spawn(`./${name}`, ['60'], options);
    await once(victim, 'spawn');
    const { uid, gid } = statSync(data);
    writeFileSync(path.join(data, 'postmaster.pid'), `${victim.pid}\n${data}\n`, { mode: 0o600 });
    if (process.getuid?.() === 0) chownSync(path.join(data, 'postmaster.pid'), uid, gid);
  }

  /** PostgreSQL itself may refuse to start beside a process of its own account. */
  const startAndStop = () =>
    startEmbeddedDatabase({ folder }).then(
      (database) => database.stop(),
      () => {},
    );
  const isVictimRunning = () => victim.exitCode === null && victim.signalCode === null;

  it('sends no signal to a program of that name that works elsewhere', async () => {
    await startVictim({ cwd: home });
    await startAndStop();
    expect(isVictimRunning()).toBe(true);
  });

  it.runIf(process.getuid?.() === 0)('sends no signal to one of another account, even in the data folder', async () => {
    await startVictim({ cwd: data });
    await startAndStop();
    expect(isVictimRunning()).toBe(true);
  });

  it.runIf(process.getuid?.() === 0)('believes no pid file that another account owns', async () => {
    await startVictim({ cwd: data, uid: statSync(data).uid });
    chownSync(path.join(data, 'postmaster.pid'), 65_533, 65_533);
    await startAndStop();
    expect(isVictimRunning()).toBe(true);
  });

  it.runIf(process.getuid?.() === 0)('refuses data of another account before it looks for a server', async () => {
    await startVictim({ cwd: data });
    chownSync(data, 65_533, 65_533);
    await expect(startEmbeddedDatabase({ folder })).rejects.toThrow(/data appartient au compte d’uid 65533/);
    expect(isVictimRunning()).toBe(true);
  });
});

it.runIf(process.getuid?.() === 0)('a folder of another account is refused, and nothing is written there', async () => {
  const foreign = path.join(home, 'foreign', '.postgres');
  mkdirSync(foreign, { recursive: true });
  chownSync(foreign, 65_533, 65_533);
  await expect(startEmbeddedDatabase({ folder: foreign })).rejects.toThrow(
    /\.postgres appartient au compte d’uid 65533/,
  );
  expect(readdirSync(foreign)).toEqual([]);
});
