import pg from 'pg';
import { DrizzleQueryError } from './drizzle.js';

/** SQLSTATE codes that this package tells apart (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
export const sqlState = {
  readOnlyTransaction: '25006',
  /** Also what a replica says of a statement that stood in the way of its recovery. */
  serializationFailure: '40001',
  deadlockDetected: '40P01',
  insufficientPrivilege: '42501',
  undefinedColumn: '42703',
  undefinedTable: '42P01',
  lockNotAvailable: '55P03',
} as const;

/**
 * SQLSTATE classes that say "the database cannot serve this now", whatever the statement was: connection exception,
 * invalid authorization, unknown database, insufficient resources, operator intervention, system error.
 */
const UNAVAILABLE_CLASSES: ReadonlySet<string> = new Set(['08', '28', '3D', '53', '57', '58']);

/** The table changed under a prepared statement: it can be prepared anew, on another connection. */
const STALE_STATEMENT_CODES: ReadonlySet<string> = new Set(['0A000', '26000']);

const UNAVAILABLE_CODES: ReadonlySet<string> = new Set([
  ...STALE_STATEMENT_CODES,
  sqlState.readOnlyTransaction,
  sqlState.serializationFailure,
  sqlState.deadlockDetected,
  sqlState.undefinedTable,
  sqlState.lockNotAvailable,
]);

/** What pg says, without any code, of a connection that broke under a statement, and of a statement that timed out. */
const LOST_CONNECTION = /^(Connection terminated|Client has encountered a connection error)/;
const TIMED_OUT = /^Query read timeout/;

/** The database cannot serve now: gone, full, stopping, too slow or not set up. `cause` is what the driver said. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';

  constructor(reason: string, options?: ErrorOptions) {
    super(`Base de données indisponible : ${reason}`, options);
  }
}

/** drizzle's wrapper repeats the parameters in its message; what it wraps does not. */
export function unwrapQueryError(error: unknown): unknown {
  return error instanceof DrizzleQueryError && error.cause !== undefined ? error.cause : error;
}

/** Turns a failure of the database into a {@link DatabaseUnavailableError}; a failure of the statement stays as it is. */
export function classifyStatementError(error: unknown): unknown {
  return error instanceof Error && isUnavailable(error)
    ? new DatabaseUnavailableError(error.message, { cause: error })
    : error;
}

/** SQLSTATE classes after which the server closes the connection. */
const FATAL_PREFIXES = ['08', '57P'];

/** Whether a connection that raised this may be used again: only after an error that the server reported and survived. */
export function isConnectionUsableAfter(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  const code = error.code ?? '';
  return !STALE_STATEMENT_CODES.has(code) && !FATAL_PREFIXES.some((prefix) => code.startsWith(prefix));
}

/** Whether the connection broke under a statement: another one might not. A statement that took too long is not lost. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return FATAL_PREFIXES.some((prefix) => error.code?.startsWith(prefix));
  if (error instanceof DatabaseUnavailableError) return isConnectionLost(error.cause);
  if (!(error instanceof Error)) return false;
  return 'code' in error || LOST_CONNECTION.test(error.message);
}

function isUnavailable(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (error instanceof pg.DatabaseError) {
    return code !== undefined && (UNAVAILABLE_CODES.has(code) || UNAVAILABLE_CLASSES.has(code.slice(0, 2)));
  }
  // Sockets, DNS and TLS fail with a code of Node.js's (ECONNRESET, …).
  return code !== undefined || LOST_CONNECTION.test(error.message) || TIMED_OUT.test(error.message);
}
