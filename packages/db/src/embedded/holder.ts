import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity.js';

/** Who holds the embedded database of a folder, and the server that runs for it. */
export interface Holder {
  readonly owner: ProcessIdentity;
  readonly since: string;
  readonly server?: ProcessIdentity & { readonly port: number };
}

/** Another process holds the database of this folder. */
export class EmbeddedDatabaseHeldError extends Error {
  override readonly name = 'EmbeddedDatabaseHeldError';

  constructor(folder: string, { owner, since, server }: Holder) {
    const port = server === undefined ? '' : `, port ${server.port}`;
    super(
      `La base embarquée de ${folder} est déjà tenue par le processus ${owner.pid} (depuis ${since}${port}). ` +
        'Arrêtez-le, ou définissez DATABASE_URL.',
    );
  }
}

const fileOf = (folder: string) => path.join(folder, 'holder.json');

export function readHolder(folder: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(folder), 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Takes the folder for this process. Returns the holder that died without letting go, if there was one: its server may
 * still run.
 *
 * @throws {EmbeddedDatabaseHeldError} when a living process holds it.
 */
export function hold(folder: string): Holder | undefined {
  mkdirSync(folder, { recursive: true });
  const mine = `${fileOf(folder)}.${process.pid}`;
  writeFileSync(mine, JSON.stringify(holderNow()));
  try {
    if (tryLink(mine, fileOf(folder))) return undefined;
    const other = readHolder(folder);
    if (other !== undefined && isRunning(other.owner)) throw new EmbeddedDatabaseHeldError(folder, other);
    // The dead holder's server stays on record until it is stopped and replaced.
    writeFileSync(mine, JSON.stringify({ ...holderNow(), server: other?.server }));
    rmSync(fileOf(folder), { force: true });
    if (tryLink(mine, fileOf(folder))) return other;
    throw new EmbeddedDatabaseHeldError(folder, readHolder(folder) ?? holderNow());
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Notes the server that runs for this process, so that whoever comes after a crash can find it. */
export function recordServer(folder: string, pid: number, port: number): void {
  writeFileSync(fileOf(folder), JSON.stringify({ ...holderNow(), server: { ...identifyProcess(pid), port } }));
}

export function letGo(folder: string): void {
  rmSync(fileOf(folder), { force: true });
}

function holderNow(): Holder {
  return { owner: identifyProcess(process.pid), since: new Date().toISOString() };
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
