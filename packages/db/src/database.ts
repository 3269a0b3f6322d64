import pg from 'pg';
import type { ConnectionConfig, DatabaseServer } from './connection.js';
import { DatabaseUnavailableError } from './database-error.js';
import { drizzle, fillPlaceholders, getTableColumns, type NodePgDatabase } from './drizzle.js';
import type { Requester } from './places.js';
import { ConnectionPool, type PoolOptions, type PoolStats } from './pool.js';
import { products } from './schema.js';
import { isCondition } from './sql-states.js';
import { withTimeout } from './with-timeout.js';

/** Longest time that a check of the database may take, connecting included; `/health` promises an answer in 2 s. */
const CHECK_TIMEOUT_MS = 1_500;

export interface Database {
  /** Where statements run. */
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
  const pool = new ConnectionPool(connection, options);
  const checks = new pg.Pool({
    ...connection,
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: CHECK_TIMEOUT_MS,
    query_timeout: CHECK_TIMEOUT_MS,
  });
  checks.on('error', () => {});
  checks.on('connect', (client) => client.on('error', () => {}));
  let running: Promise<void> | undefined;
  const check = () => {
    running ??= answersInTime(checks).finally(() => {
      running = undefined;
    });
    return running;
  };

  return {
    server: connection.server,
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

async function answersInTime(checks: pg.Pool): Promise<void> {
  try {
    await withTimeout(checks.query(CHECK_STATEMENT), CHECK_TIMEOUT_MS);
  } catch (error) {
    throw new DatabaseUnavailableError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** The table is missing or lacks columns; the message says what to do. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

/** Settings of the server that the service depends on. */
export interface ServerSettings {
  /** Connections for users that are not superusers. */
  readonly connectionsMax: number;
  /** The server's default `statement_timeout`; 0: none. */
  readonly statementTimeoutMs: number;
}

/**
 * Checks that the table is there with the columns that the service reads, and returns the server's settings.
 *
 * @throws {SchemaError} when it is not; any other error means that the database did not answer.
 */
export async function assertSchema(connection: ConnectionConfig): Promise<ServerSettings> {
  const client = new pg.Client({
    ...connection,
    connectionTimeoutMillis: CHECK_TIMEOUT_MS,
    query_timeout: CHECK_TIMEOUT_MS,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const columns = Object.values(getTableColumns(products)).map(({ name }) => name);
    await client.query(`SELECT ${columns.join(', ')} FROM products LIMIT 0`);
    const { rows } = await client.query<ServerSettings>(
      `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS "connectionsMax",
        (SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout') AS "statementTimeoutMs"`,
    );
    return rows[0] ?? { connectionsMax: Number.POSITIVE_INFINITY, statementTimeoutMs: 0 };
  } catch (error) {
    if (isCondition(error, 'undefined_table')) {
      throw new SchemaError(
        `La table « products » n'existe pas dans ${connection.description}. Créez-la avec : pnpm db:init`,
        { cause: error },
      );
    }
    if (isCondition(error, 'undefined_column')) {
      throw new SchemaError(
        `La table « products » de ${connection.description} n'a pas les colonnes attendues : ${error.message}`,
        { cause: error },
      );
    }
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
}
