import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { parseDatabaseUrl } from '../src/connection.js';
import { Connector } from '../src/connector.js';
import { DatabaseUnavailableError } from '../src/database-error.js';
import { ConnectionPool, type PoolOptions } from '../src/pool.js';
import { createTestDatabase, type TestDatabase } from '../src/testing.js';

let database: TestDatabase;
const pools: ConnectionPool[] = [];

beforeAll(async () => {
  database = await createTestDatabase(inject('serverUrl'));
});
afterEach(async () => {
  for (const pool of pools.splice(0)) {
    expect(pool.stats, 'no slot is leaked').toMatchObject({ checked_out: 0, waiting: 0 });
    await pool.end();
  }
});
afterAll(() => database.drop());

function createPool(options: Partial<PoolOptions> = {}, url = database.url): ConnectionPool {
  const pool = new ConnectionPool(new Connector(parseDatabaseUrl(url)), {
    size: 2,
    maxOverflow: 1,
    recycleMs: -1,
    timeoutMs: 5_000,
    queueMax: 100,
    queryTimeoutMs: 5_000,
    preparedStatements: true,
    ...options,
  });
  pools.push(pool);
  return pool;
}

const hold = (pool: ConnectionPool, seconds: number) => query(pool, { text: 'SELECT pg_sleep($1)' }, [seconds]);

/** A client that stays, on a connection of its own. */
const someone = { signal: new AbortController().signal, connection: {}, peer: '127.0.0.1' };

function query<Row extends pg.QueryResultRow>(pool: ConnectionPool, config: pg.QueryConfig, values: unknown[] = []) {
  return pool.query<Row>(config, values, someone);
}

async function backendOf(pool: ConnectionPool): Promise<number> {
  const [row] = await query<{ pid: number }>(pool, { text: 'SELECT pg_backend_pid() AS pid' });
  return row?.pid ?? Number.NaN;
}

describe('the pool, as SQLAlchemy’s', () => {
  it('opens connections when they are needed, keeps `size` of them, and closes the others when they come back', async () => {
    const pool = createPool();
    expect(pool.stats).toEqual({ size: 2, checked_out: 0, idle: 0, waiting: 0 });
    const running = [hold(pool, 0.3), hold(pool, 0.3), hold(pool, 0.3), hold(pool, 0.1)];
    await expect.poll(() => pool.stats).toEqual({ size: 2, checked_out: 3, idle: 0, waiting: 1 });
    await Promise.all(running);
    await expect.poll(() => pool.stats).toEqual({ size: 2, checked_out: 0, idle: 2, waiting: 0 });
    const open = 'SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';
    await expect.poll(() => database.query(open)).toHaveLength(2);
  });

  it('opens no connection for a load that those it has are enough for', async () => {
    const pool = createPool();
    const work = async () => {
      const pids: number[] = [];
      for (let time = 0; time < 50; time += 1) pids.push(await backendOf(pool));
      return pids;
    };
    const taken = await Promise.all([work(), work(), work()]);
    expect(new Set(taken.flat()).size).toBe(3);
  });

  it('refuses at once when too many wait, and after the time-out when no connection comes free', async () => {
    const pool = createPool({ size: 1, maxOverflow: 0, queueMax: 1, timeoutMs: 200 });
    const held = hold(pool, 1);
    const waiting = hold(pool, 0);
    await expect(hold(pool, 0)).rejects.toThrow(/1 connexions prises et 1 demandes en attente/);
    await expect(waiting).rejects.toThrow(DatabaseUnavailableError);
    await expect(waiting).rejects.toThrow(/aucune connexion libre après 0.2 s/);
    await held;
  });

  it('lets nobody wait with a queue of 0, and refuses nobody whom an idle connection can serve', async () => {
    const pool = createPool({ size: 2, maxOverflow: 0, queueMax: 0 });
    const [first, second] = [hold(pool, 0.1), hold(pool, 0.1)];
    await expect(hold(pool, 0)).rejects.toThrow(/2 connexions prises et 0 demandes en attente/);
    await Promise.all([first, second]);
    await Promise.all([hold(pool, 0), hold(pool, 0)]);
  });

  it('serves those who wait in the order of their arrival', async () => {
    const pool = createPool({ size: 1, maxOverflow: 0 });
    const served: number[] = [];
    await Promise.all(Array.from({ length: 20 }, (_, index) => hold(pool, 0.002).then(() => served.push(index))));
    expect(served).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it('has no limit with size 0 or overflow -1', async () => {
    for (const options of [{ size: 0 }, { size: 1, maxOverflow: -1 }]) {
      const pool = createPool(options);
      await Promise.all(Array.from({ length: 15 }, () => hold(pool, 0.2)));
    }
  });

  it('replaces a connection of the given age when it is asked for, a younger one not, and none with -1', async () => {
    const after = async (recycleMs: number) => {
      const pool = createPool({ recycleMs });
      const first = await backendOf(pool);
      await sleep(150);
      return { first, second: await backendOf(pool) };
    };
    const recycled = await after(100);
    expect(recycled.second).not.toBe(recycled.first);
    for (const recycleMs of [60_000, -1]) {
      const kept = await after(recycleMs);
      expect(kept.second).toBe(kept.first);
    }
  });

  it('does not recycle at once what may get older than the longest timer of Node.js', async () => {
    const pool = createPool({ recycleMs: 30 * 86_400_000 });
    const first = await backendOf(pool);
    expect(await backendOf(pool)).toBe(first);
  });

  it('hands on no transaction that was left open', async () => {
    const pool = createPool({ size: 1, maxOverflow: 0 });
    const first = await backendOf(pool);
    await query(pool, { text: 'BEGIN' });
    expect(await backendOf(pool)).not.toBe(first);
  });

  it('checks an idle connection before it is used again, and replaces a dead one unnoticed', async () => {
    const pool = createPool();
    const pid = await backendOf(pool);
    await sleep(1_100);
    await database.query('SELECT pg_terminate_backend($1)', [pid]);
    expect(await backendOf(pool)).not.toBe(pid);
  });

  it('survives the end of a connection in use, reports it as unavailability, and goes on', async () => {
    const pool = createPool();
    const pid = await backendOf(pool);
    // Not one that only reads, which would be run again.
    const text = 'DO $$ BEGIN PERFORM pg_sleep(10); END $$';
    const cut = expect(query(pool, { text })).rejects.toThrow(DatabaseUnavailableError);
    await sleep(100);
    await database.query('SELECT pg_terminate_backend($1)', [pid]);
    await cut;
    expect(await backendOf(pool)).not.toBe(pid);
  });

  it('gives up a statement that takes too long, on the server too, without losing the slot', async () => {
    const pool = createPool({ size: 1, maxOverflow: 0, queryTimeoutMs: 300 });
    await expect(hold(pool, 30)).rejects.toThrow(DatabaseUnavailableError);
    await backendOf(pool);
    const stillRunning = `SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active'
                          AND datname = current_database() AND pid <> pg_backend_pid()`;
    await expect.poll(() => database.query(stillRunning)).toEqual([]);
  });

  it('keeps a connection whose statement failed by its own fault, and passes on what the server said', async () => {
    const pool = createPool();
    const pid = await backendOf(pool);
    await expect(query(pool, { text: 'SELECT 1 / 0' })).rejects.toMatchObject({ code: '22012' });
    expect(await backendOf(pool)).toBe(pid);
  });

  it('runs a statement again, on a new connection, whose prepared form the table has outgrown', async () => {
    await database.query('CREATE TABLE outgrown AS SELECT 1 AS answer');
    const pool = createPool({ size: 1, maxOverflow: 0 });
    const statement = { name: 'outgrown', text: 'SELECT * FROM outgrown' };
    await query(pool, statement);
    await database.query('ALTER TABLE outgrown ALTER COLUMN answer TYPE text');
    expect(await query(pool, statement)).toEqual([{ answer: '1' }]);
  });

  it('sends names of prepared statements, or none of them', async () => {
    const prepared = `SELECT name FROM pg_prepared_statements`;
    const statement = { name: 'answer', text: 'SELECT 42 AS answer' };
    const named = createPool({ size: 1, maxOverflow: 0 });
    await query(named, statement);
    expect(await query(named, { text: prepared })).toEqual([{ name: 'answer' }]);

    const timeout = { text: 'SHOW statement_timeout' };
    expect(await query(named, timeout)).toEqual([{ statement_timeout: '4500ms' }]);

    const unnamed = createPool({ size: 1, maxOverflow: 0, preparedStatements: false });
    // A pooler would refuse the parameter.
    expect(await query(unnamed, timeout)).toEqual([{ statement_timeout: '0' }]);
    expect(await query(unnamed, statement)).toEqual([{ answer: 42 }]);
    expect(await query(unnamed, { text: prepared })).toEqual([]);
  });

  it.each([
    ['speaks another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['asks to be told in a way that nobody knows', 'R\0\0\0\b\0\0\0\x72'],
  ])('reports a server that %s as unavailability', async (_, bytes) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(bytes, 'latin1');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const pool = createPool({}, `postgresql://x:x@127.0.0.1:${port}/x`);
    await expect(hold(pool, 0)).rejects.toThrow(DatabaseUnavailableError);
    server.close();
  });

  it('reports what a replica says of a statement in the way of its recovery as unavailability', async () => {
    const text = "DO $$ BEGIN RAISE EXCEPTION 'conflict with recovery' USING ERRCODE = '40001'; END $$";
    await expect(query(createPool(), { text })).rejects.toThrow(DatabaseUnavailableError);
  });

  it('reports a server that cannot be reached as unavailability', async () => {
    const pool = createPool({}, 'postgresql://x:canary@127.0.0.1:1/x');
    await expect(hold(pool, 0)).rejects.toThrow(DatabaseUnavailableError);
    await expect(hold(pool, 0)).rejects.not.toThrow(/canary/);
  });
});
