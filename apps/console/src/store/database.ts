import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describeError } from '../describe-error.js';
import { SCHEMA, SCHEMA_VERSION } from './schema.js';

/** `PRAGMA application_id` of these files, so that no other program's is taken for one (https://www.sqlite.org/pragma.html#pragma_application_id). */
const APPLICATION_ID = 0x70_72_6f_64;

export interface Opened {
  readonly database: DatabaseSync;
  /** Why a file that was there is now another one, and where it is. */
  readonly movedAside?: string;
}

/**
 * Opens the file, or makes it. One that is broken, another program's or of another version is moved aside.
 *
 * @throws {Error} when the folder cannot be written.
 */
export function openDatabase(file: string): Opened {
  mkdirSync(path.dirname(file), { recursive: true });
  const isNew = !existsSync(file);
  try {
    return { database: open(file, isNew) };
  } catch (error) {
    if (isNew || !isUnusable(error)) throw error;
    const suffix = new Date().toISOString().replaceAll(/[:.]/g, '-');
    const aside = `${file}.${suffix}`;
    for (const part of ['', '-wal', '-shm']) {
      if (existsSync(file + part)) renameSync(file + part, aside + part);
    }
    const reason = describeError(error);
    return { database: open(file, true), movedAside: `${reason}: moved to ${aside}` };
  }
}

/** The file itself is to blame, and not a full disk or another program that has it open. */
class Unusable extends Error {}

/** SQLITE_CORRUPT, SQLITE_NOTADB (https://www.sqlite.org/rescode.html). */
const UNUSABLE_CODES = [11, 26];

function isUnusable(error: unknown): boolean {
  if (error instanceof Unusable) return true;
  return error instanceof Error && 'errcode' in error && UNUSABLE_CODES.includes(Number(error.errcode) & 0xff);
}

function open(file: string, isNew: boolean): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 2_000 });
  try {
    if (!isNew) assertOurs(database);
    // Lost at a power failure at worst: the last moments of what is kept for looking at.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384');
    if (isNew) {
      database.exec(
        `BEGIN; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; ${SCHEMA}; COMMIT`,
      );
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function assertOurs(database: DatabaseSync): void {
  const application = Number(database.prepare('PRAGMA application_id').get()?.['application_id']);
  if (application !== APPLICATION_ID) throw new Unusable('the file is another program’s');
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version !== SCHEMA_VERSION) throw new Unusable(`the file has version ${version}, not ${SCHEMA_VERSION}`);
}
