import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Account, Binaries } from './binaries.js';

export const SUPERUSER = 'postgres';

/** The files of one embedded database. */
export interface Cluster {
  /** PGDATA. */
  readonly data: string;
  /** The server's log. */
  readonly log: string;
  /** libpq's password file, for `PGPASSFILE`: the only place of the password. */
  readonly passwordFile: string;
}

export function clusterIn(folder: string): Cluster {
  return {
    data: path.join(folder, 'data'),
    log: path.join(folder, 'postgres.log'),
    passwordFile: path.join(folder, 'pgpass'),
  };
}

/**
 * The data folder as argument and working directory of a PostgreSQL program. The account that root hands over to cannot
 * enter a folder below one of mode 0700, but it may be started there: the argument is then the working directory.
 */
export function dataFolderArguments(data: string, account: Account | undefined): { argument: string; cwd: string } {
  return account === undefined ? { argument: data, cwd: data } : { argument: '/proc/self/cwd', cwd: data };
}

/**
 * Runs `initdb` unless the cluster exists. The cluster gets its name once it is complete; the rest of an interrupted
 * `initdb` is removed first.
 *
 * @throws {Error} when the data exist without their password; they are left alone.
 */
export function ensureCluster(cluster: Cluster, binaries: Binaries): void {
  const { account } = binaries;
  if (existsSync(cluster.data)) {
    assertOwner(cluster.data, account?.uid ?? process.getuid?.());
    if (existsSync(cluster.passwordFile)) return;
    throw new Error(
      `${cluster.passwordFile} manque : le mot de passe des données de ${cluster.data} est inconnu. ` +
        'Remettez ce fichier, ou effacez le dossier (ses données seront perdues).',
    );
  }
  const partial = `${cluster.data}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true, mode: 0o700 });
  const password = randomBytes(24).toString('base64url');
  initialize(partial, password, binaries);
  writeFileSync(cluster.passwordFile, `127.0.0.1:*:*:${SUPERUSER}:${password}\n`, { mode: 0o600 });
  renameSync(partial, cluster.data);
}

function initialize(data: string, password: string, { initdb, account }: Binaries): void {
  const scratch = mkdtempSync(path.join(tmpdir(), 'products-initdb-'));
  const passwordForInitdb = path.join(scratch, 'password');
  writeFileSync(passwordForInitdb, password, { mode: 0o600 });
  if (account !== undefined) {
    for (const file of [data, scratch, passwordForInitdb]) chownSync(file, account.uid, account.gid);
  }
  const { argument, cwd } = dataFolderArguments(data, account);
  try {
    const { status, stderr, error } = spawnSync(
      initdb,
      [
        `--pgdata=${argument}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${passwordForInitdb}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--no-locale',
        '--no-instructions',
      ],
      { cwd, encoding: 'utf8', env: { LC_ALL: 'C' }, ...identityOf(account) },
    );
    if (error !== undefined || status !== 0) {
      throw new Error(`initdb a échoué : ${error?.message ?? stderr.trim()}`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The uid and gid of a child process; empty: ours. */
export function identityOf(account: Account | undefined): { uid?: number; gid?: number } {
  return account === undefined ? {} : { uid: account.uid, gid: account.gid };
}

export function readPassword(cluster: Cluster): string {
  const password = readFileSync(cluster.passwordFile, 'utf8').trim().split(':').at(-1);
  if (password === undefined || password === '') throw new Error(`mot de passe absent de ${cluster.passwordFile}`);
  return password;
}

/**
 * @param expected undefined where the platform has no uids
 * @throws {Error} when the folder exists and belongs to another account.
 */
export function assertOwner(folder: string, expected: number | undefined): void {
  const owner = statSync(folder, { throwIfNoEntry: false })?.uid;
  if (expected !== undefined && owner !== undefined && owner !== expected) {
    throw new Error(
      `${folder} appartient au compte d’uid ${owner} ; il devrait appartenir à celui d’uid ${expected}. ` +
        'Démarrez sous le même compte que la première fois, ou effacez ce dossier (ses données seront perdues).',
    );
  }
}
