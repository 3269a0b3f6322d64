import pg from 'pg';
import type { Attempt } from './connector.js';

/** How long the server may take to close a connection. */
const CLOSE_TIMEOUT_MS = 1_000;

/** A connection of the pool. */
export class PooledClient extends pg.Client {
  /** On the clock of `performance.now()`, as `lastUsedAt`. */
  readonly createdAt = performance.now();
  lastUsedAt = this.createdAt;
  readonly attempt: Attempt;

  constructor(config: pg.ClientConfig, attempt: Attempt) {
    super(config);
    this.attempt = attempt;
    // Without a listener, a connection that the server ends takes the process with it.
    this.on('error', () => {});
  }

  /** Closes the connection; a server that does not answer in time is left. */
  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | void {
    const timer = setTimeout(() => this.connection.stream.destroy(), CLOSE_TIMEOUT_MS).unref();
    this.once('end', () => clearTimeout(timer));
    return callback === undefined ? super.end() : super.end(callback);
  }
}
