import pg from 'pg';
import type { ConnectionConfig } from './connection.js';
import {
  classifyStatementError,
  DatabaseUnavailableError,
  isConnectionLost,
  isConnectionUsableAfter,
} from './database-error.js';
import { Slots } from './slots.js';

/** A connection used within this time is taken to be alive; SQLAlchemy would ask it each time. */
const PING_AFTER_IDLE_MS = 1_000;
const PING_TIMEOUT_MS = 2_000;
const CHECKOUT_ATTEMPTS_MAX = 3;
const READ_ATTEMPTS_MAX = 5;
const UNLIMITED = 2 ** 31 - 1;

/** SQLAlchemy's pool settings (https://docs.sqlalchemy.org/en/20/core/pooling.html#api-documentation-available-pool-implementations). */
export interface PoolOptions {
  /** Connections kept open. 0: no limit. */
  readonly size: number;
  /** Connections opened beyond `size` under load and closed on return. -1: no limit. */
  readonly maxOverflow: number;
  /** Age at which a connection is replaced when next asked for. -1: never. */
  readonly recycleMs: number;
  /** Longest wait for a free connection. */
  readonly timeoutMs: number;
  /** How many callers may wait for a connection; the next is refused at once. */
  readonly queueMax: number;
  /**
   * Longest run of one statement. The server gives it up a little earlier, so that a refused write is not done later;
   * without prepared statements it must have been told to do so by others.
   */
  readonly queryTimeoutMs: number;
  /** Off behind a transaction pooler that does not follow named statements: names are then not sent. */
  readonly preparedStatements: boolean;
}

export interface PoolStats {
  /** The configured `size`. */
  readonly size: number;
  readonly checkedOut: number;
  readonly idle: number;
  readonly waiting: number;
}

interface ClientState {
  readonly createdAt: number;
  lastUsedAt: number;
}

/** node-postgres's pool with SQLAlchemy's semantics. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #pool: pg.Pool;
  readonly #slots: Slots;
  readonly #states = new WeakMap<pg.PoolClient, ClientState>();
  /** Connections older than this are replaced: one of their generation was found dead. */
  #invalidBefore = 0;

  constructor(connection: ConnectionConfig, options: PoolOptions) {
    const max = options.size === 0 || options.maxOverflow < 0 ? UNLIMITED : options.size + options.maxOverflow;
    this.#options = options;
    this.#slots = new Slots({ max, queueMax: options.queueMax, timeoutMs: options.timeoutMs });
    this.#pool = new pg.Pool({
      ...connection,
      max,
      // Surplus connections are closed on return and old ones at checkout, by us.
      idleTimeoutMillis: 0,
      query_timeout: options.queryTimeoutMs,
      // It is sent as a parameter of the connection, which transaction poolers refuse.
      ...(options.preparedStatements ? { statement_timeout: Math.ceil(options.queryTimeoutMs * 0.9) } : {}),
    });
    // Without listeners, a connection that the server ends takes the process with it: idle ones report to the pool,
    // checked-out ones only to themselves.
    this.#pool.on('error', () => {});
    this.#pool.on('connect', (client) => {
      const now = Date.now();
      client.on('error', () => {});
      this.#states.set(client, { createdAt: now, lastUsedAt: now });
    });
  }

  get stats(): PoolStats {
    return {
      size: this.#options.size,
      checkedOut: this.#slots.inUse,
      idle: this.#pool.idleCount,
      waiting: this.#slots.waiting,
    };
  }

  /**
   * Runs one statement on a connection of its own. This is the signature that drizzle expects of a client. A statement that
   * only reads is run again where its connection broke; one that writes may have been done, so it is not.
   *
   * @throws {DatabaseUnavailableError} when no connection can be had in time, or the one in use breaks.
   */
  async query<Row extends pg.QueryResultRow>(config: pg.QueryConfig, values?: unknown[]): Promise<pg.QueryResult<Row>> {
    await this.#slots.acquire();
    try {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await this.#run<Row>(config, values);
        } catch (error) {
          const isWorthAnother = attempt < READ_ATTEMPTS_MAX && isReading(config) && isConnectionLost(error);
          if (!isWorthAnother) throw classifyStatementError(error);
        }
      }
    } finally {
      this.#slots.release();
    }
  }

  /** Closes the idle connections now and the others when they come back. */
  async end(): Promise<void> {
    await this.#pool.end();
  }

  async #run<Row extends pg.QueryResultRow>(
    config: pg.QueryConfig,
    values: unknown[] | undefined,
  ): Promise<pg.QueryResult<Row>> {
    const client = await this.#checkOut();
    let usable = true;
    try {
      return await client.query<Row>(this.#options.preparedStatements ? config : withoutName(config), values);
    } catch (error) {
      usable = isConnectionUsableAfter(error);
      // What ended one connection may have ended all that are as old.
      if (isConnectionLost(error)) this.#invalidBefore = Date.now();
      throw error;
    } finally {
      this.#checkIn(client, usable);
    }
  }

  async #checkOut(): Promise<pg.PoolClient> {
    let attempt = 1;
    for (;;) {
      const client = await this.#connect();
      const state = this.#stateOf(client);
      const now = Date.now();
      const isOld = this.#options.recycleMs >= 0 && now - state.createdAt > this.#options.recycleMs;
      if (isOld || state.createdAt < this.#invalidBefore) {
        client.release(true);
        continue;
      }
      if (now - state.lastUsedAt < PING_AFTER_IDLE_MS) return client;
      try {
        await ping(client);
        return client;
      } catch (error) {
        client.release(true);
        this.#invalidBefore = now;
        if (attempt >= CHECKOUT_ATTEMPTS_MAX) {
          throw new DatabaseUnavailableError('connexions rompues', { cause: error });
        }
        attempt += 1;
      }
    }
  }

  /** An idle connection or, when there is none, a new one: whatever prevents that is the database's fault. */
  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new DatabaseUnavailableError(reason, { cause: error });
    }
  }

  #checkIn(client: pg.PoolClient, usable: boolean): void {
    this.#stateOf(client).lastUsedAt = Date.now();
    const isOverflow = this.#options.size > 0 && this.#pool.idleCount >= this.#options.size;
    // Whoever gets it next must not find himself in a transaction.
    const isClean = client.getTransactionStatus() === 'I';
    client.release(!usable || isOverflow || !isClean);
  }

  #stateOf(client: pg.PoolClient): ClientState {
    const state = this.#states.get(client);
    if (state === undefined) throw new Error('connection of unknown age: the connect listener did not run');
    return state;
  }
}

function isReading({ text }: pg.QueryConfig): boolean {
  return /^select\b/i.test(text);
}

function withoutName({ name: _, ...config }: pg.QueryConfig): pg.QueryConfig {
  return config;
}

/** The empty statement: a round trip that the server answers without planning anything. */
async function ping(client: pg.PoolClient): Promise<void> {
  // `query_timeout` of one statement is documented by node-postgres, its types do not know it.
  const config: pg.QueryConfig & { query_timeout: number } = { text: '', query_timeout: PING_TIMEOUT_MS };
  await client.query(config);
}
