import pg from 'pg';
import { DrizzleQueryError } from './drizzle.js';
import { reactionTo } from './sql-states.js';

/** node-postgres gives these two failures no code: a connection that broke under a statement, a statement that timed out. */
const LOST_CONNECTION = /^(Connection terminated|Client has encountered a connection error)/;
const TIMED_OUT = /^Query read timeout/;

/** The database cannot serve now: gone, full, stopping, too slow or not set up. `cause` is the driver's error, if any. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';

  constructor(reason: string, options?: ErrorOptions) {
    super(`Base de données indisponible : ${reason}`, options);
  }
}

/** drizzle's wrapper repeats the parameters in its message; the error inside does not. */
export function unwrapQueryError(error: unknown): unknown {
  return error instanceof DrizzleQueryError && error.cause !== undefined ? error.cause : error;
}

/** Turns a failure of the database into a {@link DatabaseUnavailableError}; a failure of the statement stays as it is. */
export function classifyStatementError(error: unknown): unknown {
  return error instanceof Error && isUnavailable(error)
    ? new DatabaseUnavailableError(error.message, { cause: error })
    : error;
}

/** Whether a connection may be used again after this error: the server reported it and kept the connection open. */
export function isConnectionUsableAfter(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  const reaction = reactionTo(error);
  return reaction !== 'replace' && reaction !== 'lost';
}

/** Whether the connection broke under the statement. A statement that took too long has not lost its connection. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return reactionTo(error) === 'lost';
  if (error instanceof DatabaseUnavailableError) return isConnectionLost(error.cause);
  if (!(error instanceof Error)) return false;
  return 'code' in error || LOST_CONNECTION.test(error.message);
}

function isUnavailable(error: Error): boolean {
  if (error instanceof pg.DatabaseError) return reactionTo(error) !== undefined;
  // Sockets, DNS and TLS fail with a code of Node.js's (ECONNRESET, …).
  const hasCode = 'code' in error && typeof error.code === 'string';
  return hasCode || LOST_CONNECTION.test(error.message) || TIMED_OUT.test(error.message);
}
