// A PostgreSQL server of a test's own, behind a proxy, that can be stopped, killed and frozen.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { initDatabase, parseDatabaseUrl } from '@products/db';
import { type EmbeddedDatabase, startEmbeddedDatabase } from '@products/db/embedded';
import pg from 'pg';
import { type FaultProxy, startFaultProxy } from './fault-proxy.js';
import { isRunning } from './is-running.js';

export interface FaultyDatabase {
  /** By the proxy; it stays the same over restarts. */
  readonly url: string;
  readonly proxy: FaultProxy;
  /** Runs a statement past the proxy. */
  query<Row extends pg.QueryResultRow>(text: string): Promise<Row[]>;
  /** A connection past the proxy, to be ended by the test. */
  connect(): Promise<pg.Client>;
  /** Stops the server as `pg_ctl stop -m` does, and starts it again: at once, or after what is done while it is down. */
  restart(mode: 'fast' | 'immediate', whileDown?: () => Promise<void>): Promise<void>;
  /** Stops every process of the server with SIGSTOP, and lets them go on with SIGCONT. */
  freeze(): Promise<void>;
  thaw(): void;
  stop(): Promise<void>;
}

export async function startFaultyDatabase(settings: Readonly<Record<string, string>> = {}): Promise<FaultyDatabase> {
  const folder = mkdtempSync(path.join(tmpdir(), 'products-faulty-postgres-'));
  let server: EmbeddedDatabase = await startEmbeddedDatabase({ folder, settings });
  await initDatabase(parseDatabaseUrl(server.url));
  const proxy = await startFaultProxy(server.port);
  const url = new URL(server.url);
  url.port = String(proxy.port);
  const postmaster = () => Number(readFileSync(path.join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
  let frozen: number[] = [];
  const connect = async () => {
    const client = new pg.Client({ connectionString: server.url });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const query = async <Row extends pg.QueryResultRow>(text: string) => {
    const client = await connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    url: url.href,
    proxy,
    query,
    connect,
    restart: async (mode, whileDown = () => sleep(200)) => {
      if (mode === 'immediate') {
        process.kill(postmaster(), 'SIGQUIT');
        await server.died;
      }
      await server.stop();
      await whileDown();
      server = await startEmbeddedDatabase({ folder, settings });
      proxy.target = server.port;
    },
    freeze: async () => {
      const others = await query<{ pid: number }>('SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
      frozen = [postmaster(), ...others.map(({ pid }) => pid)];
      // A connection that has just been closed has no process any more.
      for (const pid of frozen) if (isRunning(pid)) process.kill(pid, 'SIGSTOP');
    },
    thaw: () => {
      // One that was about to end may have ended.
      for (const pid of frozen.splice(0)) if (isRunning(pid)) process.kill(pid, 'SIGCONT');
    },
    stop: async () => {
      await proxy.stop();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
