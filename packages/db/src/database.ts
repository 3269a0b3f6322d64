import type pg from 'pg';
import { ClientPool } from './client-pool.js';
import type { ConnectionConfig } from './connection.js';
import { Connector, type DatabaseServer } from './connector.js';
import { asUnavailable } from './database-error.js';
import { drizzle, fillPlaceholders, type NodePgDatabase } from './drizzle.js';
import type { Requester } from './places.js';
import { ConnectionPool, type PoolOptions, type PoolStats } from './pool.js';
import { withTimeout } from './with-timeout.js';

/** Longest time that a check of the database may take, connecting included; `/health` promises an answer in 2 s. */
export const CHECK_TIMEOUT_MS = 1_500;

export interface Database {
  /** Where statements run now: after a failover, another host. */
  readonly server: DatabaseServer;
  /**
   * Prepares a statement that {@link queryBuilder} has built; nothing is sent yet.
   *
   * @param name of the prepared statement on each connection: one name always means the same text
   */
  prepare<Row>(
    name: string,
    query: PromiseLike<Row[]> & { toSQL(): { sql: string; params: unknown[] } },
  ): Statement<Row>;
  /** The pool at this moment. */
  stats(): PoolStats;
  /** Whether a statement of this requester would be refused at once, after the expected ones before it. */
  isFullFor(requester: Requester, expected: number): boolean;
  /**
   * Checks that the database answers, on a connection of its own: a full pool is not a disconnected database.
   *
   * @throws {DatabaseUnavailableError} when it does not within 1.5 s.
   */
  check(): Promise<void>;
  /** Whether {@link check} succeeds. */
  isReachable(): Promise<boolean>;
  /** Closes every connection. */
  close(): Promise<void>;
}

/** A statement that is built once and run often. */
export interface Statement<Row> {
  /** With placeholders. */
  readonly text: string;
  /**
   * Runs it on a connection of the pool.
   *
   * @param values for its placeholders, by their names
   * @param requester waits for a connection, unless it leaves
   * @throws {DatabaseUnavailableError} when the database cannot serve now.
   * @throws {ValueRefusedError} when the table does not take a value.
   * @throws {SchemaError} when the table is missing, or not as the statement expects it.
   * @throws the reason of the requester's signal when it leaves before; any other error is the statement's own.
   */
  execute(values: Record<string, unknown>, requester: Requester): Promise<Row[]>;
}

/** Builds statements; {@link Database.prepare} runs them. drizzle itself would rebuild each row from an array. */
export const queryBuilder: NodePgDatabase = drizzle.mock();

/** The text of the statement that {@link Database.check} runs. */
export const CHECK_STATEMENT = 'SELECT 1';

/** Opens nothing yet: connections are made when they are first needed. */
export function createDatabase(connection: ConnectionConfig, options: PoolOptions): Database {
  const connector = new Connector(connection);
  const pool = new ConnectionPool(connector, options);
  const checks = new ClientPool(connector, {
    max: 1,
    idleTimeoutMillis: 0,
    connectTimeoutMs: CHECK_TIMEOUT_MS,
    query_timeout: CHECK_TIMEOUT_MS,
  });
  let running: Promise<void> | undefined;
  const check = () => {
    running ??= answersInTime(checks).finally(() => {
      running = undefined;
    });
    return running;
  };

  return {
    get server() {
      return connector.server;
    },
    prepare: <Row>(name: string, query: Parameters<Database['prepare']>[1]): Statement<Row> => {
      const { sql: text, params } = query.toSQL();
      return {
        text,
        execute: (values, requester) =>
          pool.query<Row & pg.QueryResultRow>({ name, text }, fillPlaceholders(params, values), requester),
      };
    },
    stats: () => pool.stats,
    isFullFor: (requester, expected) => pool.isFullFor(requester, expected),
    check,
    isReachable: () =>
      check().then(
        () => true,
        () => false,
      ),
    close: async () => {
      await Promise.all([pool.end(), checks.end()]);
    },
  };
}

async function answersInTime(checks: ClientPool): Promise<void> {
  try {
    await withTimeout(runCheck(checks), CHECK_TIMEOUT_MS);
  } catch (error) {
    throw asUnavailable(error);
  }
}

async function runCheck(checks: ClientPool): Promise<void> {
  const client = await checks.connect();
  let isUsable = false;
  try {
    await client.query(CHECK_STATEMENT);
    isUsable = true;
  } finally {
    client.release(!isUsable);
  }
}
