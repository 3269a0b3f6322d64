import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import pg from 'pg';
import type { ConnectionConfig } from './connection.js';
import {
  classifyStatementError,
  DatabaseUnavailableError,
  isConnectionLost,
  isConnectionUsableAfter,
} from './database-error.js';
import { GuardedSocket } from './guarded-socket.js';
import { Slots } from './slots.js';

/** A connection used within this time is taken to be alive; SQLAlchemy would ask it each time. */
const PING_AFTER_IDLE_MS = 1_000;
const PING_TIMEOUT_MS = 2_000;
/** How long a connection beyond the pool's size outlives its return: under load, the next request needs it at once. */
const OVERFLOW_KEPT_MS = 100;
/** How long the server may take to see a connection off. */
const CLOSE_TIMEOUT_MS = 1_000;
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

/** One connection, while it may be used. */
interface Connection {
  readonly client: pg.Client;
  readonly socket: Socket;
  readonly createdAt: number;
  lastUsedAt: number;
  isClosed: boolean;
  /** Until one beyond `size` that nobody uses is closed, or one that is being closed is given up. */
  closing?: NodeJS.Timeout;
}

/** Connections of node-postgres with the semantics of SQLAlchemy's pool, which are not those of node-postgres's. */
export class ConnectionPool {
  readonly #config: pg.ClientConfig;
  readonly #connectTimeoutMs: number;
  readonly #options: PoolOptions;
  readonly #slots: Slots;
  /** At most `size`; the one that has been idle the longest is taken first. */
  readonly #idle: Connection[] = [];
  /** Those beyond, about to be closed. */
  readonly #surplus: Connection[] = [];
  /** Connections older than this are replaced: one of their generation was found dead. */
  #invalidBefore = 0;
  readonly #max: number;
  /** All that the server may count: those in use, and those that are being opened or closed, too. */
  readonly #open = new Set<Connection>();
  /** Emits `room` when there is one less, or one of them comes back. */
  readonly #events = new EventEmitter().setMaxListeners(0);
  #isEnded = false;

  constructor(connection: ConnectionConfig, options: PoolOptions) {
    this.#max = options.size === 0 || options.maxOverflow < 0 ? UNLIMITED : options.size + options.maxOverflow;
    this.#options = options;
    this.#slots = new Slots({ max: this.#max, queueMax: options.queueMax, timeoutMs: options.timeoutMs });
    this.#connectTimeoutMs = connection.connectionTimeoutMillis ?? Number.POSITIVE_INFINITY;
    this.#config = {
      ...connection,
      query_timeout: options.queryTimeoutMs,
      // It is sent as a parameter of the connection, which transaction poolers refuse.
      ...(options.preparedStatements ? { statement_timeout: Math.ceil(options.queryTimeoutMs * 0.9) } : {}),
    };
  }

  get stats(): PoolStats {
    return {
      size: this.#options.size,
      checkedOut: this.#slots.inUse,
      idle: this.#idle.length + this.#surplus.length,
      waiting: this.#slots.waiting,
    };
  }

  /** Whether the next caller is refused at once. */
  get isQueueFull(): boolean {
    return this.#slots.isFull;
  }

  /**
   * Runs one statement on a connection of its own, and resolves to its rows. One that only reads is run again where its
   * connection broke; one that writes may have been done, so it is not.
   *
   * @throws {DatabaseUnavailableError} when no connection can be had in time, or the one in use breaks.
   */
  async query<Row extends pg.QueryResultRow>(config: pg.QueryConfig, values?: unknown[]): Promise<Row[]> {
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

  /** Closes the idle connections now and the others when they come back. Resolves when all are closed. */
  async end(): Promise<void> {
    this.#isEnded = true;
    const closed = Promise.all(
      [...this.#open].map(({ client }) => new Promise((resolve) => client.once('end', resolve))),
    );
    for (const connection of [...this.#idle, ...this.#surplus]) this.#close(connection);
    await closed;
  }

  async #run<Row extends pg.QueryResultRow>(config: pg.QueryConfig, values: unknown[] | undefined): Promise<Row[]> {
    const connection = await this.#checkOut();
    let usable = true;
    try {
      const statement = this.#options.preparedStatements ? config : withoutName(config);
      return takeRows(await connection.client.query<Row>(statement, values));
    } catch (error) {
      usable = isConnectionUsableAfter(error);
      // What ended one connection may have ended all that are as old.
      if (isConnectionLost(error)) this.#invalidBefore = Date.now();
      throw error;
    } finally {
      this.#checkIn(connection, usable);
    }
  }

  /** A connection that is alive, within `queryTimeoutMs`: a server that does not answer is not waited for twice. */
  async #checkOut(): Promise<Connection> {
    const deadline = Date.now() + this.#options.queryTimeoutMs;
    for (let attempt = 1; ; ) {
      const connection = this.#takeIdle();
      if (connection === undefined) {
        if (this.#open.size < this.#max) return this.#connect(deadline - Date.now());
        // One that is being closed still has its place on the server.
        await once(this.#events, 'room');
        continue;
      }
      const now = Date.now();
      const isOld = this.#options.recycleMs >= 0 && now - connection.createdAt > this.#options.recycleMs;
      if (isOld || connection.createdAt < this.#invalidBefore) {
        this.#close(connection);
        continue;
      }
      if (now - connection.lastUsedAt < PING_AFTER_IDLE_MS) return connection;
      try {
        await ping(connection.client, Math.min(PING_TIMEOUT_MS, this.#options.queryTimeoutMs / 2));
        return connection;
      } catch (error) {
        this.#close(connection);
        this.#invalidBefore = now;
        if (attempt >= CHECKOUT_ATTEMPTS_MAX) {
          throw new DatabaseUnavailableError('connexions rompues', { cause: error });
        }
        attempt += 1;
      }
    }
  }

  #takeIdle(): Connection | undefined {
    const connection = this.#idle.shift() ?? this.#surplus.pop();
    clearTimeout(connection?.closing);
    return connection;
  }

  /** Whatever prevents a connection is the database's fault. */
  async #connect(withinMs: number): Promise<Connection> {
    const socket = new GuardedSocket();
    // 0 would be no limit.
    const connectionTimeoutMillis = Math.max(1, Math.min(this.#connectTimeoutMs, withinMs));
    const client = new pg.Client({ ...this.#config, connectionTimeoutMillis, stream: () => socket });
    const now = Date.now();
    const connection: Connection = { client, socket, createdAt: now, lastUsedAt: now, isClosed: false };
    // Without a listener, a connection that the server ends takes the process with it.
    client.on('error', () => this.#close(connection));
    client.once('end', () => {
      clearTimeout(connection.closing);
      this.#open.delete(connection);
      this.#events.emit('room');
    });
    this.#open.add(connection);
    try {
      await client.connect();
      return connection;
    } catch (error) {
      this.#close(connection);
      const reason = error instanceof Error ? error.message : String(error);
      throw new DatabaseUnavailableError(reason, { cause: error });
    }
  }

  #checkIn(connection: Connection, usable: boolean): void {
    connection.lastUsedAt = Date.now();
    // Whoever gets it next must not find himself in a transaction.
    const isClean = connection.client.getTransactionStatus() === 'I';
    if (!usable || !isClean || connection.isClosed || this.#isEnded) {
      this.#close(connection);
    } else if (this.#options.size === 0 || this.#idle.length < this.#options.size) {
      this.#idle.push(connection);
    } else {
      connection.closing = setTimeout(() => this.#close(connection), OVERFLOW_KEPT_MS).unref();
      this.#surplus.push(connection);
    }
    this.#events.emit('room');
  }

  /** Closes a connection, which may be idle or in use, and may be broken. */
  #close(connection: Connection): void {
    if (connection.isClosed) return;
    connection.isClosed = true;
    clearTimeout(connection.closing);
    for (const list of [this.#idle, this.#surplus]) {
      const index = list.indexOf(connection);
      if (index >= 0) list.splice(index, 1);
    }
    connection.client.end().catch(() => {});
    // A server that cannot be reached says no good-bye.
    connection.closing = setTimeout(() => connection.socket.destroy(), CLOSE_TIMEOUT_MS).unref();
  }
}

/**
 * V8 allocates a closure that is assigned to a property in its old generation, and node-postgres assigns one to each query:
 * with the rows left in the query's result, they would stay until the old generation is collected.
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
async function ping(client: pg.Client, timeoutMs: number): Promise<void> {
  // `query_timeout` of one statement is documented by node-postgres, its types do not know it.
  const config: pg.QueryConfig & { query_timeout: number } = { text: '', query_timeout: timeoutMs };
  await client.query(config);
}
