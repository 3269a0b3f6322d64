import pg from 'pg';

/**
 * The reaction to a failure, for the request and for the connection that reported it.
 *
 * - `unavailable`: the database cannot serve now (503); the connection is kept.
 * - `replace`: the server has done nothing because of this connection's state: it is closed, and the statement run again once
 *   on a new one. Refused there too, it is unavailable.
 * - `lost`: the server has closed the connection: a read is run again on another one.
 * - `schema`: the table is not as the statement expects it.
 * - `refused`: the table does not take this value.
 * - `conflict`: a row that is there does not allow it.
 */
type Reaction = 'unavailable' | 'replace' | 'lost' | 'schema' | 'refused' | 'conflict';

interface Condition {
  readonly name: ConditionName;
  /** Undefined: the statement's own failure. */
  readonly reaction?: Reaction;
}

/**
 * The SQLSTATE codes, subclasses and classes that this package distinguishes; the longest prefix wins
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html).
 */
const conditions = {
  '08': { name: 'connection_exception', reaction: 'lost' },
  // "cached plan must not change result type": the table changed under a prepared statement.
  '0A000': { name: 'feature_not_supported', reaction: 'replace' },
  // Also what a statement raises itself, when the table would change what it was given.
  '22001': { name: 'string_data_right_truncation', reaction: 'refused' },
  '22003': { name: 'numeric_value_out_of_range', reaction: 'refused' },
  '22007': { name: 'invalid_datetime_format', reaction: 'refused' },
  '22008': { name: 'datetime_field_overflow', reaction: 'refused' },
  '22009': { name: 'invalid_time_zone_displacement_value', reaction: 'refused' },
  '22021': { name: 'character_not_in_repertoire', reaction: 'refused' },
  '22023': { name: 'invalid_parameter_value', reaction: 'refused' },
  '22P02': { name: 'invalid_text_representation', reaction: 'refused' },
  '22P05': { name: 'untranslatable_character', reaction: 'refused' },
  '23001': { name: 'restrict_violation', reaction: 'refused' },
  '23503': { name: 'foreign_key_violation', reaction: 'refused' },
  '23505': { name: 'unique_violation', reaction: 'conflict' },
  '23514': { name: 'check_violation', reaction: 'refused' },
  '23P01': { name: 'exclusion_violation', reaction: 'conflict' },
  // A session that began on a server, or under a default, that has since changed.
  '25006': { name: 'read_only_sql_transaction', reaction: 'replace' },
  '26000': { name: 'invalid_sql_statement_name', reaction: 'replace' },
  '28': { name: 'invalid_authorization_specification', reaction: 'unavailable' },
  '3D': { name: 'invalid_catalog_name', reaction: 'unavailable' },
  // A replica also reports it for a statement that conflicts with recovery.
  '40001': { name: 'serialization_failure', reaction: 'unavailable' },
  '40P01': { name: 'deadlock_detected', reaction: 'unavailable' },
  '42501': { name: 'insufficient_privilege' },
  '42703': { name: 'undefined_column', reaction: 'schema' },
  '42804': { name: 'datatype_mismatch', reaction: 'schema' },
  '42883': { name: 'undefined_function', reaction: 'schema' },
  '42P01': { name: 'undefined_table', reaction: 'schema' },
  '53': { name: 'insufficient_resources', reaction: 'unavailable' },
  '55P03': { name: 'lock_not_available', reaction: 'unavailable' },
  '57': { name: 'operator_intervention', reaction: 'unavailable' },
  // admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped, idle_session_timeout
  '57P': { name: 'shutdown', reaction: 'lost' },
  '58': { name: 'system_error', reaction: 'unavailable' },
} as const satisfies Readonly<Record<string, { readonly name: string; readonly reaction?: Reaction }>>;

export type ConditionName = (typeof conditions)[keyof typeof conditions]['name'];

/** What the server reported, if it is one of those. */
export function findCondition(error: pg.DatabaseError): Condition | undefined {
  const table: Readonly<Record<string, Condition>> = conditions;
  const { code = '' } = error;
  return table[code] ?? table[code.slice(0, 3)] ?? table[code.slice(0, 2)];
}

/** The reaction to an error that the server reported. */
export function reactionTo(error: pg.DatabaseError): Reaction | undefined {
  return findCondition(error)?.reaction;
}

/** Whether the server reported this condition. */
export function isCondition(error: unknown, name: ConditionName): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && findCondition(error)?.name === name;
}
