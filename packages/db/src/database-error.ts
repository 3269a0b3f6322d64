import pg from 'pg';
import { DrizzleQueryError } from './drizzle.js';
import { type ConditionName, findCondition, reactionTo } from './sql-states.js';

/** node-postgres gives these two failures no code: a connection that broke under a statement, a statement that timed out. */
const LOST_CONNECTION = /^(Connection terminated|Client has encountered a connection error)/;
const TIMED_OUT = /^Query read timeout/;

/** The database cannot serve now: gone, full, stopping or too slow. `cause` is the driver's error, if any. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';

  constructor(reason: string, options?: ErrorOptions) {
    super(`Base de données indisponible : ${reason}`, options);
  }
}

/** Whatever keeps the database from answering is its own fault. */
export function asUnavailable(error: unknown): DatabaseUnavailableError {
  if (error instanceof DatabaseUnavailableError) return error;
  return new DatabaseUnavailableError(error instanceof Error ? error.message : String(error), { cause: error });
}

/** The table is missing, or has other columns or types than the service can use; the message says which. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

/** The table does not take a value: because of its types, its constraints, or rows that are there. */
export class ValueRefusedError extends Error {
  override readonly name = 'ValueRefusedError';
  readonly condition: ConditionName;
  /** Whether another row is in the way. */
  readonly isConflict: boolean;
  /** The column, where PostgreSQL names it. */
  readonly column: string | undefined;
  /** What the column would have kept instead, where it would have changed the value. */
  readonly keptValue: string | undefined;

  constructor(cause: pg.DatabaseError, condition: ConditionName, isConflict: boolean) {
    super(`Valeur refusée par la table : ${cause.message}`, { cause });
    const { column, value } = findColumn(cause);
    this.condition = condition;
    this.isConflict = isConflict;
    this.column = column;
    this.keptValue = value;
  }
}

/** drizzle's wrapper repeats the parameters in its message; the error inside does not. */
export function unwrapQueryError(error: unknown): unknown {
  return error instanceof DrizzleQueryError && error.cause !== undefined ? error.cause : error;
}

/** Turns a failure into the error that says whose it is; a failure of the statement itself stays as it is. */
export function classifyStatementError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof pg.DatabaseError) {
    const { name, reaction } = findCondition(error) ?? {};
    if (name === undefined || reaction === undefined) return error;
    if (reaction === 'schema') return new SchemaError(`Table absente ou changée : ${error.message}`, { cause: error });
    if (reaction === 'refused' || reaction === 'conflict') {
      return new ValueRefusedError(error, name, reaction === 'conflict');
    }
    return new DatabaseUnavailableError(error.message, { cause: error });
  }
  // Sockets, DNS and TLS fail with a code of Node.js's (ECONNRESET, …).
  const hasCode = 'code' in error && typeof error.code === 'string';
  return hasCode || LOST_CONNECTION.test(error.message) || TIMED_OUT.test(error.message)
    ? new DatabaseUnavailableError(error.message, { cause: error })
    : error;
}

/** Whether a connection may be used again after this error: the server reported it and kept the connection open. */
export function isConnectionUsableAfter(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  const reaction = reactionTo(error);
  return reaction !== 'replace' && reaction !== 'lost';
}

/** Whether the server has done nothing because of the connection's state: any statement may be run again on a new one. */
export function isRefusedByConnection(error: unknown): boolean {
  return error instanceof pg.DatabaseError && reactionTo(error) === 'replace';
}

/** Whether the connection broke under the statement. A statement that took too long has not lost its connection. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return reactionTo(error) === 'lost';
  if (error instanceof DatabaseUnavailableError) return isConnectionLost(error.cause);
  if (!(error instanceof Error)) return false;
  return 'code' in error || LOST_CONNECTION.test(error.message);
}

/** The column of a refused value: named as such, in a constraint's default name, or by the statement that would have stored it. */
function findColumn({ column, table, constraint, message }: pg.DatabaseError): { column?: string; value?: string } {
  if (column !== undefined) return { column };
  const [, changed, value] = /column:(\w+)=([\w.+-]*)/.exec(message) ?? [];
  if (changed !== undefined) return value ? { column: changed, value } : { column: changed };
  const [, constrained] =
    table === undefined
      ? []
      : (new RegExp(`^${table}_(\\w+)_(?:check|fkey|key|excl)\\d*$`).exec(constraint ?? '') ?? []);
  return constrained === undefined ? {} : { column: constrained };
}
