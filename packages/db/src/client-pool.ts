import pg from 'pg';
import { type Attempt, assertSession, type Connector } from './connector.js';
import { PooledClient } from './pooled-client.js';

/** A connection while it is checked out. */
export type CheckedOutClient = PooledClient & pg.PoolClient;

export interface ClientPoolOptions extends pg.PoolConfig {
  /** Longest time for one connection to be made. */
  readonly connectTimeoutMs: number;
  /** Run on each new connection. */
  readonly sessionStatement?: string;
}

/** node-postgres's pool on the hosts of a database. */
export class ClientPool {
  readonly #connector: Connector;
  readonly #pool: pg.Pool;
  /** How the next new connection is made. */
  #attempt: Attempt;

  constructor(connector: Connector, { connectTimeoutMs, sessionStatement, ...options }: ClientPoolOptions) {
    this.#connector = connector;
    this.#attempt = connector.firstAttempt;
    const create = (config: pg.ClientConfig) => {
      const { connectionTimeoutMillis = connectTimeoutMs, ...own } = connector.configOf(this.#attempt);
      const timeoutMs = Math.min(connectTimeoutMs, connectionTimeoutMillis);
      return new PooledClient({ ...config, ...own, connectionTimeoutMillis: timeoutMs }, this.#attempt);
    };
    this.#pool = new pg.Pool({
      ...options,
      // pg-pool calls it with `new`, which takes what a function returns.
      Client: function Client(clientConfig: pg.ClientConfig) {
        return create(clientConfig);
      } as unknown as typeof pg.Client,
      onConnect: async (client) => {
        await assertSession(client, (client as PooledClient).attempt.sessionTarget);
        if (sessionStatement !== undefined) await client.query(sessionStatement);
      },
    });
    // Without a listener, an idle connection that the server ends takes the process with it.
    this.#pool.on('error', () => {});
  }

  get idleCount(): number {
    return this.#pool.idleCount;
  }

  /**
   * Checks out an idle connection or a new one.
   *
   * @param deadline on the clock of `performance.now()`: no other host is tried after it
   */
  connect(deadline?: number): Promise<CheckedOutClient> {
    return this.#connector.connect((attempt) => {
      // A new connection is made before the call returns.
      this.#attempt = attempt;
      return this.#pool.connect() as Promise<CheckedOutClient>;
    }, deadline);
  }

  /** Closes the idle connections now and the others when they come back. */
  async end(): Promise<void> {
    await this.#pool.end();
  }
}
