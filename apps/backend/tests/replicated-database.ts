// A PostgreSQL server of a test's own with a streaming replica, each behind a proxy that keeps its address.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { initDatabase, parseDatabaseUrl } from '@products/db';
import { type EmbeddedDatabase, startEmbeddedDatabase } from '@products/db/embedded';
import pg from 'pg';
import { type FaultProxy, startFaultProxy } from './fault-proxy.js';

interface ReplicatedServer {
  /** By the proxy. */
  readonly url: string;
  readonly proxy: FaultProxy;
  /** The server's own port. */
  readonly target: number;
  /** Runs a statement past the proxy. */
  query<Row extends pg.QueryResultRow>(text: string): Promise<Row[]>;
  /** Ends the server, for good. */
  end(): Promise<void>;
  /** Ends it as a crash of its machine does, without a word to anybody. */
  kill(): Promise<void>;
}

export interface ReplicatedDatabase {
  readonly primary: ReplicatedServer;
  readonly replica: ReplicatedServer;
  stop(): Promise<void>;
}

/**
 * Starts both with the ten samples. The replica is a copy of the stopped primary that then follows it; a synchronous one has
 * what the primary acknowledges.
 */
export async function startReplicatedDatabase({ isSynchronous = false } = {}): Promise<ReplicatedDatabase> {
  const folder = mkdtempSync(path.join(tmpdir(), 'products-replicated-postgres-'));
  const original = path.join(folder, 'primary');
  const copy = path.join(folder, 'replica');
  const settings = { fsync: 'off', full_page_writes: 'off' };
  const seeded = await startEmbeddedDatabase({ folder: original, settings });
  await initDatabase(parseDatabaseUrl(seeded.url));
  await seeded.stop();
  // With owners and modes, which PostgreSQL insists on.
  execFileSync('cp', ['-a', original, copy]);
  writeFileSync(path.join(copy, 'data/standby.signal'), '');
  const primary = await startEmbeddedDatabase({
    folder: original,
    settings: isSynchronous ? { ...settings, synchronous_standby_names: '*' } : settings,
  });
  const { port, username, password } = new URL(primary.url);
  const primary_conninfo = `host=127.0.0.1 port=${port} user=${username} password=${password}`;
  const replica = await startEmbeddedDatabase({ folder: copy, settings: { ...settings, primary_conninfo } });
  const servers = { primary: await putBehindProxy(primary, original), replica: await putBehindProxy(replica, copy) };
  return {
    ...servers,
    stop: async () => {
      await Promise.all(Object.values(servers).map(({ proxy }) => proxy.stop()));
      await servers.replica.end();
      await servers.primary.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function putBehindProxy(server: EmbeddedDatabase, folder: string): Promise<ReplicatedServer> {
  const proxy = await startFaultProxy(server.port);
  const url = new URL(server.url);
  url.port = String(proxy.port);
  return {
    url: url.href,
    proxy,
    target: server.port,
    end: () => server.stop(),
    kill: async () => {
      process.kill(Number(readFileSync(path.join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
      await server.died;
    },
    query: async <Row extends pg.QueryResultRow>(text: string) => {
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      try {
        return (await client.query<Row>(text)).rows;
      } finally {
        await client.end();
      }
    },
  };
}
