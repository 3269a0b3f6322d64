// A real PgBouncer in transaction mode, in front of a database; it refuses to run as root.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { findFreePort } from '@products/db/testing';
import pg from 'pg';
import { eventually } from './eventually.js';

export interface PgBouncer {
  /** The database behind it, by its port. */
  readonly url: string;
  kill(): Promise<void>;
  /** Starts it again once it has been killed. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts it.
 *
 * @param databaseUrl with user and password, which are those of its clients too
 * @param poolSize how many connections it has with the server
 * @param settings further lines of its configuration
 */
export async function startPgBouncer(
  databaseUrl: string,
  poolSize: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<PgBouncer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'products-pgbouncer-'));
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const listenPort = await findFreePort();
  const users = path.join(folder, 'users.txt');
  const configuration = path.join(folder, 'pgbouncer.ini');
  const lines = {
    listen_addr: '127.0.0.1',
    listen_port: String(listenPort),
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: users,
    pool_mode: 'transaction',
    default_pool_size: String(poolSize),
    max_client_conn: '1000',
    ...settings,
  };
  writeFileSync(users, `"${username}" "${password}"\n`);
  writeFileSync(
    configuration,
    [
      '[databases]',
      `* = host=${hostname} port=${port}`,
      '[pgbouncer]',
      ...Object.entries(lines).map(([name, value]) => `${name} = ${value}`),
    ].join('\n'),
  );
  chmodSync(folder, 0o755);
  const account = findAccount();
  if (account.uid !== undefined) {
    for (const file of [folder, users, configuration]) chownSync(file, account.uid, account.gid);
  }
  const url = new URL(`postgresql://${username}:${password}@127.0.0.1:${listenPort}${pathname}`).href;
  let child: ChildProcess;
  let exited: Promise<unknown>;
  const start = async () => {
    const started = spawn('pgbouncer', [configuration], { ...account, stdio: ['ignore', 'ignore', 'pipe'] });
    child = started;
    exited = once(started, 'exit');
    const said = text(started.stderr);
    const failed = exited.then(async () => {
      throw new Error(`PgBouncer has ended:\n${await said}`);
    });
    failed.catch(() => {});
    await Promise.race([failed, eventually(() => ask(url))]);
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  await start();
  return {
    url,
    start,
    kill,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ask(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end().catch(() => {});
  }
}

/** For root, the account that owns nothing; else ours. */
export function findAccount(): { uid?: number; gid: number } | { uid?: undefined; gid?: undefined } {
  if (process.getuid?.() !== 0) return {};
  const idOf = (option: string) => Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }).trim());
  return { uid: idOf('-u'), gid: idOf('-g') };
}
