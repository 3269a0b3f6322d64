// One machine of a highly available PostgreSQL: Debian's Patroni, the PostgreSQL that it runs, and a PgBouncer in front.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '@products/db/testing';
import pg from 'pg';
import { stringify } from 'yaml';
import { eventually } from '../eventually.js';
import { type FaultProxy, startFaultProxy } from '../fault-proxy.js';
import { isRunning } from '../is-running.js';
import { findAccount, type PgBouncer, startPgBouncer } from '../pgbouncer.js';

const DATABASE = 'products_db';
const PASSWORD = 'secret';
const debianFolder = '/usr/lib/postgresql';
/** How long the standby is cut off before the machine is lost. */
const CUT_OFF_MS = 500;
const STOP_MS_MAX = 20_000;

/** Times of Patroni's in seconds; `ttl` is the smallest that it documents. */
const clusterSettings = {
  ttl: 20,
  loop_wait: 2,
  retry_timeout: 5,
  // Nothing is acknowledged that the standby has not applied, and no other standby is promoted.
  synchronous_mode: true,
  postgresql: {
    use_pg_rewind: true,
    parameters: { synchronous_commit: 'remote_apply', fsync: 'off' },
  },
};

/** A PgBouncer whose server is away says so, instead of letting its clients wait. */
const poolerSettings = { query_wait_timeout: '2', server_login_retry: '1', server_connect_timeout: '2' };

export interface Machine {
  readonly name: string;
  /** By its network and its PgBouncer. */
  readonly url: URL;
  /** Patroni's API. */
  readonly api: string;
  /** What Patroni and PostgreSQL have written. */
  readonly log: string;
  /** Runs a statement past its PgBouncer. */
  query<Row extends pg.QueryResultRow>(text: string): Promise<Row[]>;
  isPrimary(): Promise<boolean>;
  /**
   * Loses it: its standby hears nothing more, half a second later its clients hear nothing either, and all that runs on it is
   * killed. Without synchronous replication, what it acknowledges in between is gone.
   */
  crash(): Promise<void>;
  /** Starts it, again after a crash. Resolves when it answers. */
  boot(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts it.
 *
 * @param parent of its folder
 * @param etcd address of the store in which Patroni elects
 */
export async function startMachine(name: string, parent: string, etcd: string): Promise<Machine> {
  const account = findAccount();
  const folder = path.join(parent, name);
  mkdirSync(folder, { mode: 0o700 });
  if (account.uid !== undefined) chownSync(folder, account.uid, account.gid);
  const data = path.join(folder, 'data');
  const logFile = path.join(folder, 'log');
  const configuration = path.join(parent, `${name}.yml`);
  const port = await findFreePort();
  const server = `127.0.0.1:${port}`;
  const replication = await startFaultProxy(port);
  const api = `127.0.0.1:${await findFreePort()}`;
  const [version] = readdirSync(debianFolder).sort((a, b) => Number(b) - Number(a));
  writeFileSync(
    configuration,
    stringify({
      scope: 'products',
      name,
      restapi: { listen: api, connect_address: api },
      etcd3: { host: etcd },
      bootstrap: {
        dcs: clusterSettings,
        initdb: ['data-checksums', { encoding: 'UTF8' }, { locale: 'C' }],
        pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication all 127.0.0.1/32 scram-sha-256'],
      },
      postgresql: {
        listen: server,
        // Where the other machine follows and rewinds.
        connect_address: `127.0.0.1:${replication.port}`,
        data_dir: data,
        bin_dir: path.join(debianFolder, String(version), 'bin'),
        pgpass: path.join(folder, 'pgpass'),
        authentication: {
          superuser: { username: 'postgres', password: PASSWORD },
          replication: { username: 'replicator', password: PASSWORD },
        },
        parameters: { unix_socket_directories: folder },
        basebackup: { checkpoint: 'fast' },
      },
      watchdog: { mode: 'off' },
    }),
  );
  const databaseUrl = (database: string) => `postgresql://postgres:${PASSWORD}@${server}/${database}`;
  /** Past its network and its PgBouncer. */
  const query = async <Row extends pg.QueryResultRow>(text: string, database = DATABASE) => {
    const client = new pg.Client({ connectionString: databaseUrl(database) });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end().catch(() => {});
    }
  };
  const isPrimary = async () => {
    const [row] = await query<{ isStandby: boolean }>('SELECT pg_is_in_recovery() AS "isStandby"', 'postgres');
    return row?.isStandby === false;
  };
  let patroni: ChildProcess;
  let exited: Promise<unknown>;
  let bouncer: PgBouncer | undefined;
  let network: FaultProxy | undefined;
  let isUp = false;
  const startPatroni = () => {
    const log = openSync(logFile, 'a');
    patroni = spawn('patroni', [configuration], {
      ...account,
      cwd: folder,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    exited = once(patroni, 'exit');
    isUp = true;
  };
  const kill = async () => {
    // The files of a lost machine name processes that may be others by now.
    if (!isUp) return;
    isUp = false;
    const parents: number[] = [];
    if (patroni.pid !== undefined && patroni.exitCode === null) parents.push(patroni.pid);
    const pidFile = path.join(data, 'postmaster.pid');
    if (existsSync(pidFile)) parents.push(Number(readFileSync(pidFile, 'utf8').split('\n')[0]));
    const pids = parents.flatMap((pid) => [pid, ...childrenOf(pid)]);
    for (const pid of new Set(pids)) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    await Promise.all([exited, bouncer?.kill()]);
  };
  startPatroni();
  try {
    if (await eventually(isPrimary)) {
      await query(`CREATE DATABASE ${DATABASE}`, 'postgres');
      // What the service cannot say through PgBouncer; less than its `DB_QUERY_TIMEOUT`.
      await query(`ALTER ROLE postgres IN DATABASE ${DATABASE} SET statement_timeout = '4s'`, 'postgres');
    }
    bouncer = await startPgBouncer(databaseUrl(DATABASE), 10, poolerSettings);
    network = await startFaultProxy(Number(new URL(bouncer.url).port));
  } catch (error) {
    await kill();
    await Promise.all([replication.stop(), bouncer?.stop()]);
    throw new Error(`machine ${name} does not start:\n${readFileSync(logFile, 'utf8')}`, { cause: error });
  }
  const url = new URL(bouncer.url);
  url.port = String(network.port);
  return {
    name,
    url,
    api: `http://${api}`,
    get log() {
      return readFileSync(logFile, 'utf8');
    },
    query,
    isPrimary,
    crash: async () => {
      replication.fault = 'blackhole';
      await sleep(CUT_OFF_MS);
      network.fault = 'blackhole';
      await kill();
    },
    boot: async () => {
      for (const proxy of [replication, network]) {
        proxy.fault = 'none';
        // It does not know of these connections any more.
        proxy.reset();
      }
      startPatroni();
      await bouncer.start();
    },
    stop: async () => {
      await Promise.all([network.stop(), replication.stop()]);
      await bouncer.stop();
      // It stops its PostgreSQL first.
      patroni.kill('SIGTERM');
      await Promise.race([exited, sleep(STOP_MS_MAX, undefined, { ref: false })]);
      await kill();
    },
  };
}

/** The processes that it has started. */
export function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).map(Number);
}
