import { linkSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity.js';

/** Who holds the embedded database of a folder, and the port of the server that runs for it. */
export interface Holder {
  readonly owner: ProcessIdentity;
  readonly since: string;
  readonly port?: number;
}

/** Another process holds the database of this folder. */
export class EmbeddedDatabaseHeldError extends Error {
  override readonly name = 'EmbeddedDatabaseHeldError';

  constructor(folder: string, holder: Holder | undefined) {
    const port = holder?.port === undefined ? '' : `, port ${holder.port}`;
    const who =
      holder === undefined
        ? 'un processus qui démarre'
        : `le processus ${holder.owner.pid} (depuis ${holder.since}${port})`;
    super(`La base embarquée de ${folder} est déjà tenue par ${who}. Arrêtez-le, ou définissez DATABASE_URL.`);
  }
}

/** Taking over is a matter of microseconds: a takeover this old has died on the way. */
const TAKEOVER_VALID_MS = 5_000;

const fileOf = (folder: string) => path.join(folder, 'holder.json');

/** The process on record, dead or alive. */
export function readHolder(folder: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(folder), 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Takes the folder for this process, from a holder that died without letting go too.
 *
 * @throws {EmbeddedDatabaseHeldError} when a living process holds it.
 */
export function hold(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const mine = `${fileOf(folder)}.${process.pid}`;
  writeFileSync(mine, JSON.stringify(holderNow()));
  try {
    if (tryLink(mine, fileOf(folder))) return;
    takeOver(folder, () => {
      const holder = readHolder(folder);
      if (holder !== undefined && isRunning(holder.owner)) throw new EmbeddedDatabaseHeldError(folder, holder);
      rmSync(fileOf(folder), { force: true });
      if (!tryLink(mine, fileOf(folder))) throw new EmbeddedDatabaseHeldError(folder, readHolder(folder));
    });
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Notes the port of the server, for whoever asks who holds the folder. */
export function recordPort(folder: string, port: number): void {
  const mine = `${fileOf(folder)}.${process.pid}`;
  writeFileSync(mine, JSON.stringify({ ...holderNow(), port }));
  renameSync(mine, fileOf(folder));
}

/** Gives the folder back, if it is this process that holds it. */
export function letGo(folder: string): void {
  if (readHolder(folder)?.owner.pid === process.pid) rmSync(fileOf(folder), { force: true });
}

function holderNow(): Holder {
  return { owner: identifyProcess(process.pid), since: new Date().toISOString() };
}

/** One at a time: of two that find the same dead holder, the second would remove the first one's file. */
function takeOver(folder: string, work: () => void): void {
  const mutex = path.join(folder, 'takeover');
  try {
    mkdirSync(mutex);
  } catch {
    const age = Date.now() - (statSync(mutex, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age < TAKEOVER_VALID_MS) throw new EmbeddedDatabaseHeldError(folder, undefined);
  }
  try {
    work();
  } finally {
    rmdirSync(mutex);
  }
}

/** A hard link appears whole or not at all, for one taker only. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
