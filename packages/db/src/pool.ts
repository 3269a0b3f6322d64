import pg from 'pg';
import type { ConnectionConfig } from './connection.js';
import {
  classifyStatementError,
  DatabaseUnavailableError,
  isConnectionLost,
  isConnectionUsableAfter,
} from './database-error.js';
import { Places, type Requester } from './places.js';
import { PooledClient } from './pooled-client.js';
import { withTimeout } from './with-timeout.js';

/** A connection used within this time counts as alive; SQLAlchemy pings at every checkout. */
const PING_AFTER_IDLE_MS = 1_000;
const PING_TIMEOUT_MS = 2_000;
/** Idle time of a connection beyond the pool's size: closed at once, a load of 32 clients opened one for every other request. */
const OVERFLOW_KEPT_MS = 1_000;
const PING_ATTEMPTS_MAX = 3;
const READ_ATTEMPTS_MAX = 5;
const UNLIMITED = 2 ** 31 - 1;
/** The longest timer of Node.js: pg-pool recycles every connection at once beyond it. */
const LIFETIME_SECONDS_MAX = 2_147_483;

/** SQLAlchemy's pool settings (https://docs.sqlalchemy.org/en/20/core/pooling.html#api-documentation-available-pool-implementations). */
export interface PoolOptions {
  /** Connections kept open. 0: no limit. */
  readonly size: number;
  /** Overflow: connections opened beyond `size` under load, closed when idle. -1: no limit. */
  readonly maxOverflow: number;
  /** Age at which a connection is replaced. -1: never. */
  readonly recycleMs: number;
  /** Longest wait for a connection. */
  readonly timeoutMs: number;
  /** How many callers may wait for a connection; the next is refused at once. */
  readonly queueMax: number;
  /**
   * Longest run of one statement. The server cancels it a little earlier, so that a refused write is not done later;
   * without prepared statements the server's own `statement_timeout` has to.
   */
  readonly queryTimeoutMs: number;
  /** Off behind a transaction pooler that does not follow named statements: names are then not sent. */
  readonly preparedStatements: boolean;
}

/** The statuses of the metric `database_connection_pool`. */
export interface PoolStats {
  /** The configured `size`. */
  readonly size: number;
  readonly checked_out: number;
  readonly idle: number;
  readonly waiting: number;
}

/** The sum of several pools: one gauge counts all connections of the process, whichever database they lead to. */
export function sumPoolStats(pools: readonly PoolStats[]): PoolStats {
  return pools.reduce((sum, pool) => ({
    size: sum.size + pool.size,
    checked_out: sum.checked_out + pool.checked_out,
    idle: sum.idle + pool.idle,
    waiting: sum.waiting + pool.waiting,
  }));
}

/** node-postgres's pool with SQLAlchemy's semantics: a bounded wait, a ping before reuse, reset on return. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #pool: pg.Pool;
  readonly #places: Places;
  readonly #pingTimeoutMs: number;
  /** Connections older than this are replaced: one of their generation was found dead. */
  #invalidBefore = Number.NEGATIVE_INFINITY;

  constructor(connection: ConnectionConfig, options: PoolOptions) {
    const { size, maxOverflow, recycleMs, timeoutMs, queueMax, queryTimeoutMs, preparedStatements } = options;
    this.#options = options;
    const max = size === 0 || maxOverflow < 0 ? UNLIMITED : size + maxOverflow;
    this.#places = new Places({ max, queueMax, timeoutMs });
    this.#pingTimeoutMs = Math.min(PING_TIMEOUT_MS, queryTimeoutMs / 2);
    const { connectionTimeoutMillis: connectTimeoutMs = queryTimeoutMs } = connection;
    const config = {
      ...connection,
      Client: PooledClient,
      max,
      min: size === 0 ? UNLIMITED : size,
      idleTimeoutMillis: OVERFLOW_KEPT_MS,
      connectTimeoutMs: Math.min(connectTimeoutMs, queryTimeoutMs),
      maxLifetimeSeconds: recycleMs < 0 ? 0 : Math.min(Math.max(1, recycleMs) / 1_000, LIFETIME_SECONDS_MAX),
      query_timeout: queryTimeoutMs,
      // A startup parameter, which transaction poolers refuse.
      ...(preparedStatements ? { statement_timeout: Math.ceil(queryTimeoutMs * 0.9) } : {}),
    };
    this.#pool = new pg.Pool(config);
    // Without a listener, an idle connection that the server ends takes the process with it.
    this.#pool.on('error', () => {});
  }

  get stats(): PoolStats {
    const { held, waiting } = this.#places;
    return { size: this.#options.size, checked_out: held, idle: this.#pool.idleCount, waiting };
  }

  /** Whether {@link query} would refuse this requester at once, after the expected ones before it. */
  isFullFor(requester: Requester, expected: number): boolean {
    return this.#places.isFullFor(requester, expected);
  }

  /**
   * Runs one statement on its own connection and resolves to its rows. A read is run again when its connection broke;
   * a write is not, for it may have been done.
   *
   * @throws {DatabaseUnavailableError} when no connection can be had in time, or the one in use breaks.
   * @throws the reason of the requester's signal when it leaves before the statement is sent.
   */
  async query<Row extends pg.QueryResultRow>(
    config: pg.QueryConfig,
    values: unknown[],
    requester: Requester,
  ): Promise<Row[]> {
    await this.#places.acquire(requester);
    try {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await this.#run<Row>(config, values, requester.signal);
        } catch (error) {
          if (requester.signal.aborted) throw error;
          const isWorthAnother = attempt < READ_ATTEMPTS_MAX && isReading(config) && isConnectionLost(error);
          if (!isWorthAnother) throw classifyStatementError(error);
        }
      }
    } finally {
      this.#places.release(requester);
    }
  }

  /** Closes the idle connections now and the others when they come back. */
  async end(): Promise<void> {
    await this.#pool.end();
  }

  async #run<Row extends pg.QueryResultRow>(
    config: pg.QueryConfig,
    values: unknown[],
    signal: AbortSignal,
  ): Promise<Row[]> {
    const client = await this.#checkOut();
    if (signal.aborted) {
      client.release();
      throw signal.reason;
    }
    let isUsable = true;
    try {
      const statement = this.#options.preparedStatements ? config : withoutName(config);
      return takeRows(await client.query<Row>(statement, values));
    } catch (error) {
      isUsable = isConnectionUsableAfter(error);
      // The event that ended this connection may have ended all that are as old.
      if (isConnectionLost(error)) this.#invalidBefore = performance.now();
      throw error;
    } finally {
      client.lastUsedAt = performance.now();
      // The next caller must not inherit an open transaction.
      client.release(!isUsable || client.getTransactionStatus() !== 'I');
    }
  }

  /** Returns a live connection. Ping and reconnect share one deadline, `queryTimeoutMs`. */
  async #checkOut(): Promise<PooledClient & pg.PoolClient> {
    let client = await this.#connect();
    const deadline = performance.now() + this.#options.queryTimeoutMs;
    for (let attempt = 1; ; ) {
      const now = performance.now();
      if (client.createdAt >= this.#invalidBefore) {
        if (now - client.lastUsedAt < PING_AFTER_IDLE_MS) return client;
        try {
          await ping(client, this.#pingTimeoutMs);
          return client;
        } catch (error) {
          this.#invalidBefore = now;
          if (attempt >= PING_ATTEMPTS_MAX) {
            client.release(true);
            throw new DatabaseUnavailableError('connexions rompues', { cause: error });
          }
          attempt += 1;
        }
      }
      client.release(true);
      client = await this.#connectBefore(deadline);
    }
  }

  async #connectBefore(deadline: number): Promise<PooledClient & pg.PoolClient> {
    const connecting = this.#connect();
    try {
      return await withTimeout(connecting, Math.max(0, deadline - performance.now()));
    } catch (error) {
      connecting.then(
        (client) => client.release(),
        () => {},
      );
      if (error instanceof DatabaseUnavailableError) throw error;
      throw new DatabaseUnavailableError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  /** Whatever prevents a connection is the database's fault. */
  async #connect(): Promise<PooledClient & pg.PoolClient> {
    try {
      return (await this.#pool.connect()) as PooledClient & pg.PoolClient;
    } catch (error) {
      throw new DatabaseUnavailableError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }
}

/**
 * V8 allocates a closure that is assigned to a property in its old generation, and node-postgres assigns one to each query:
 * rows left in the query's result would stay until a major collection.
 */
function takeRows<Row extends pg.QueryResultRow>(result: pg.QueryResult<Row>): Row[] {
  const { rows } = result;
  result.rows = [];
  return rows;
}

function isReading({ text }: pg.QueryConfig): boolean {
  return /^select\b/i.test(text);
}

function withoutName({ name: _, ...config }: pg.QueryConfig): pg.QueryConfig {
  return config;
}

/** The empty statement: a round trip that the server answers without planning anything. */
async function ping(client: pg.ClientBase, timeoutMs: number): Promise<void> {
  // node-postgres documents `query_timeout` of one statement; its types lack it.
  const config: pg.QueryConfig & { query_timeout: number } = { text: '', query_timeout: timeoutMs };
  await client.query(config);
}
