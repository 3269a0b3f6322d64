import type pg from 'pg';
import { type CheckedOutClient, ClientPool } from './client-pool.js';
import type { Connector } from './connector.js';
import {
  asUnavailable,
  classifyStatementError,
  DatabaseUnavailableError,
  isConnectionLost,
  isConnectionUsableAfter,
  isRefusedByConnection,
} from './database-error.js';
import { Places, type Requester } from './places.js';
import { withTimeout } from './with-timeout.js';

/** A connection used within this time counts as alive; SQLAlchemy pings at every checkout. */
const PING_AFTER_IDLE_MS = 1_000;
const PING_TIMEOUT_MS = 2_000;
/** Idle time of a connection beyond the pool's size: closed at once, a load of 32 clients opened one for every other request. */
const OVERFLOW_KEPT_MS = 1_000;
const PING_ATTEMPTS_MAX = 3;
const READ_ATTEMPTS_MAX = 5;
/** A connection younger than this tells nothing of the others: while a server is read-only, its writes must not close them all. */
const TELLING_AGE_MS = 1_000;
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
  readonly #pool: ClientPool;
  readonly #places: Places;
  readonly #pingTimeoutMs: number;
  /** Connections older than this are replaced: one of their generation was found dead. */
  #invalidBefore = Number.NEGATIVE_INFINITY;

  constructor(connector: Connector, options: PoolOptions) {
    const { size, maxOverflow, recycleMs, timeoutMs, queueMax, queryTimeoutMs, preparedStatements } = options;
    this.#options = options;
    const max = size === 0 || maxOverflow < 0 ? UNLIMITED : size + maxOverflow;
    this.#places = new Places({ max, queueMax, timeoutMs });
    this.#pingTimeoutMs = Math.min(PING_TIMEOUT_MS, queryTimeoutMs / 2);
    this.#pool = new ClientPool(connector, {
      max,
      min: size === 0 ? UNLIMITED : size,
      idleTimeoutMillis: OVERFLOW_KEPT_MS,
      connectTimeoutMs: queryTimeoutMs,
      maxLifetimeSeconds: recycleMs < 0 ? 0 : Math.min(Math.max(1, recycleMs) / 1_000, LIFETIME_SECONDS_MAX),
      query_timeout: queryTimeoutMs,
      ...(preparedStatements
        ? {
            // A startup parameter, which transaction poolers refuse.
            statement_timeout: Math.ceil(queryTimeoutMs * 0.9),
            // Numbers as they are, whatever the server's default. Poolers would give the setting to another client.
            sessionStatement: 'SET extra_float_digits = 3',
          }
        : {}),
    });
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
   * Runs one statement on its own connection and resolves to its rows. A statement that its connection made the server refuse
   * is run again on a new one. So is a read whose connection broke; a write is not, for it may have been done.
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
      let bornAfter = Number.NEGATIVE_INFINITY;
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await this.#run<Row>(config, values, requester.signal, bornAfter);
        } catch (error) {
          if (requester.signal.aborted) throw error;
          const isRefused = isRefusedByConnection(error) && bornAfter < 0;
          const isLostRead = attempt < READ_ATTEMPTS_MAX && isReading(config) && isConnectionLost(error);
          if (!isRefused && !isLostRead) throw classifyStatementError(error);
          if (isRefused) bornAfter = performance.now();
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
    bornAfter: number,
  ): Promise<Row[]> {
    const client = await this.#checkOut(bornAfter);
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
      const now = performance.now();
      // What ended this connection, or made the server refuse it, may concern all that are as old.
      const isTelling = isRefusedByConnection(error) && now - client.createdAt > TELLING_AGE_MS;
      if (isTelling || isConnectionLost(error)) this.#invalidBefore = now;
      throw error;
    } finally {
      client.lastUsedAt = performance.now();
      // The next caller must not inherit an open transaction.
      client.release(!isUsable || client.getTransactionStatus() !== 'I');
    }
  }

  /** Returns a live connection. Ping and reconnect share one deadline, `queryTimeoutMs`. */
  async #checkOut(bornAfter: number): Promise<CheckedOutClient> {
    const deadline = performance.now() + this.#options.queryTimeoutMs;
    let client = await this.#connect(deadline);
    for (let attempt = 1; ; ) {
      const now = performance.now();
      if (client.createdAt >= Math.max(this.#invalidBefore, bornAfter)) {
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

  async #connectBefore(deadline: number): Promise<CheckedOutClient> {
    const connecting = this.#connect(deadline);
    try {
      return await withTimeout(connecting, Math.max(0, deadline - performance.now()));
    } catch (error) {
      connecting.then(
        (client) => client.release(),
        () => {},
      );
      throw asUnavailable(error);
    }
  }

  async #connect(deadline: number): Promise<CheckedOutClient> {
    try {
      return await this.#pool.connect(deadline);
    } catch (error) {
      throw asUnavailable(error);
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
