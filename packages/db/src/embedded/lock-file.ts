import { linkSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity.js';

/** The lock of an embedded database: the process that holds it, and the port of its server. */
export interface Lock {
  readonly owner: ProcessIdentity;
  readonly since: string;
  readonly port?: number;
}

/** Another process holds the lock. */
export class EmbeddedDatabaseHeldError extends Error {
  override readonly name = 'EmbeddedDatabaseHeldError';

  constructor(folder: string, lock: Lock | undefined) {
    const port = lock?.port === undefined ? '' : `, port ${lock.port}`;
    const owner =
      lock === undefined ? 'un processus qui démarre' : `le processus ${lock.owner.pid} (depuis ${lock.since}${port})`;
    super(`La base embarquée de ${folder} est déjà tenue par ${owner}. Arrêtez-le, ou définissez DATABASE_URL.`);
  }
}

/** Stealing takes microseconds: the process that began one this old has died. */
const STEALING_VALID_MS = 5_000;

const fileOf = (folder: string) => path.join(folder, 'lock.json');

/** The lock on record, whether its owner is running or dead. */
export function readLock(folder: string): Lock | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(folder), 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Acquires the lock for this process; from an owner that died without releasing it, the lock is stolen.
 *
 * @throws {EmbeddedDatabaseHeldError} when a running process holds it.
 */
export function acquire(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const mine = writeOwnFile(folder, createLock());
  try {
    if (tryLink(mine, fileOf(folder))) return;
    steal(folder, () => {
      const lock = readLock(folder);
      if (lock !== undefined && isRunning(lock.owner)) throw new EmbeddedDatabaseHeldError(folder, lock);
      rmSync(fileOf(folder), { force: true });
      if (!tryLink(mine, fileOf(folder))) throw new EmbeddedDatabaseHeldError(folder, readLock(folder));
    });
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Adds the server's port to the lock of this process. */
export function recordPort(folder: string, port: number): void {
  renameSync(writeOwnFile(folder, { ...createLock(), port }), fileOf(folder));
}

/** Releases the lock if this process holds it. */
export function release(folder: string): void {
  if (readLock(folder)?.owner.pid === process.pid) rmSync(fileOf(folder), { force: true });
}

/** Writes the lock to a file beside, which becomes the lock at once or not at all. */
function writeOwnFile(folder: string, lock: Lock): string {
  const mine = `${fileOf(folder)}.${process.pid}`;
  // Left by a process with the same id.
  rmSync(mine, { force: true });
  writeFileSync(mine, JSON.stringify(lock), { flag: 'wx', mode: 0o600 });
  return mine;
}

function createLock(): Lock {
  return { owner: identifyProcess(process.pid), since: new Date().toISOString() };
}

/** One process at a time: of two that find the same dead owner, the second would remove the first one's lock. */
function steal(folder: string, work: () => void): void {
  const mutex = path.join(folder, 'stealing');
  try {
    mkdirSync(mutex);
  } catch {
    const age = Date.now() - (statSync(mutex, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age < STEALING_VALID_MS) throw new EmbeddedDatabaseHeldError(folder, undefined);
  }
  try {
    work();
  } finally {
    rmdirSync(mutex);
  }
}

/** A hard link appears whole or not at all, and for one process only. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
