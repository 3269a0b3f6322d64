import { existsSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { locateBinaries } from './binaries.js';
import { assertOwner, clusterIn, ensureCluster, readPassword, SUPERUSER } from './cluster.js';
import { acquire, readLock, recordPort, release } from './lock-file.js';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity.js';
import { findServerOf, signalProcess, startServer, stopServer } from './server.js';

export { EmbeddedDatabaseHeldError } from './lock-file.js';

/** The database that an embedded server keeps for the service. */
const DATABASE = 'products_db';

export interface EmbeddedDatabase {
  /** Holds the password: not for logs. */
  readonly url: string;
  readonly port: number;
  /** A shell command that opens the database; holds no password. */
  readonly psqlCommand: string;
  /** Resolves when the server ends by itself. */
  readonly died: Promise<void>;
  /** Fast shutdown; resolves when the server has ended and the lock is released. */
  stop(): Promise<void>;
}

export interface EmbeddedDatabaseOptions {
  /** Holds all files of the database; made when it does not exist. */
  readonly folder: string;
  /** Server parameters beside the defaults, as for `postgres -c name=value`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Starts a real PostgreSQL server from the npm package of this platform and returns once it answers. The first start
 * makes the cluster and an empty database `products_db`; the data stay for the next one. A server that outlived its
 * killed parent is stopped first. A process that exits without `stop()` signals its server and does not wait for it.
 *
 * @throws {EmbeddedDatabaseHeldError} when another running process holds the lock of the folder.
 */
export async function startEmbeddedDatabase({
  folder,
  settings = {},
}: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const cluster = clusterIn(folder);
  assertOwner(folder, process.getuid?.());
  acquire(folder);
  let server: ProcessIdentity | undefined;
  const abandon = () => {
    if (server !== undefined) signalProcess(server, 'SIGINT');
  };
  process.once('exit', abandon);
  const stop = async () => {
    if (server !== undefined) await stopServer(server);
    process.off('exit', abandon);
    release(folder);
  };
  try {
    const binaries = locateBinaries();
    ensureCluster(cluster, binaries);
    const orphan = findServerOf(cluster);
    if (orphan !== undefined) await stopServer(orphan);
    const { child, port } = await startServer(cluster, binaries, settings, (pid) => {
      server = identifyProcess(pid);
    });
    const password = readPassword(cluster);
    await ensureDatabase(urlOf(port, password));
    recordPort(folder, port);

    let isStopping = false;
    const { promise: died, resolve: reportDeath } = Promise.withResolvers<void>();
    child.once('exit', () => {
      if (!isStopping) reportDeath();
    });
    return {
      url: databaseUrlOf(port, password),
      port,
      psqlCommand: `PGPASSFILE=${quoteForShell(cluster.passwordFile)} psql -h 127.0.0.1 -p ${port} -U ${SUPERUSER} ${DATABASE}`,
      died,
      stop: () => {
        isStopping = true;
        return stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * The folder of this checkout's embedded database, ignored by git. Undefined outside a checkout:
 * an installed package or an image must be given a `DATABASE_URL`.
 */
export function locateEmbeddedFolder(from: string = import.meta.dirname): string | undefined {
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'pnpm-workspace.yaml'))) return path.join(folder, '.postgres');
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** The URL of the server that another process runs in this folder now, if one does. */
export function findRunningEmbeddedDatabase(folder: string): string | undefined {
  const lock = readLock(folder);
  if (lock?.port === undefined || !isRunning(lock.owner)) return undefined;
  return databaseUrlOf(lock.port, readPassword(clusterIn(folder)));
}

/** Within apostrophes a POSIX shell takes everything as it is, but for the apostrophe itself. */
function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function databaseUrlOf(port: number, password: string): string {
  return `${urlOf(port, password)}/${DATABASE}?sslmode=disable`;
}

function urlOf(port: number, password: string): string {
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}`;
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: `${url}/postgres` });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}
