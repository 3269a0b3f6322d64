import type pg from 'pg';
import type { ConnectionConfig } from './connection.js';
import { connectOnce } from './connector.js';
import { CHECK_TIMEOUT_MS } from './database.js';
import { SchemaError } from './database-error.js';
import { getTableColumns, getTableName, type PgColumn } from './drizzle.js';
import { findUnindexedColumns } from './list-indexes.js';
import { tables } from './schema.js';

/** What the service depends on, beside the tables. */
export interface ServerSettings {
  /** Connections for users that are not superusers. */
  readonly connectionsMax: number;
  /** The server's default `statement_timeout`; 0: none. */
  readonly statementTimeoutMs: number;
  /** Columns by which a large table has to be sorted for each page of a list. */
  readonly unindexedColumns: readonly string[];
}

const INTEGERS = ['int2', 'int4', 'int8'];

/** PostgreSQL's types, by their names in `pg_type`, that may stand for each of drizzle's. */
const adoptableTypes: Readonly<Record<string, readonly string[]>> = {
  PgSerial: INTEGERS,
  PgVarchar: ['varchar', 'text', 'citext'],
  PgDoublePrecision: ['float8', 'float4', 'numeric', ...INTEGERS],
  PgTimestampString: ['timestamp', 'timestamptz'],
};

interface TableColumn {
  readonly name: string;
  /** As it was declared: `numeric(10,2)`. */
  readonly declaredType: string;
  /** In `pg_type`; of a domain, the type that it is of. */
  readonly baseType: string;
  /** Whether an insert has to give it. */
  readonly isRequired: boolean;
}

/**
 * Checks that every table is there with columns that the service can read and write, whatever made it, and returns what else
 * matters.
 *
 * @throws {SchemaError} when one is not; any other error means that the database did not answer.
 */
export async function assertSchema(connection: ConnectionConfig): Promise<ServerSettings> {
  const client = await connectOnce(connection, {
    connectionTimeoutMillis: CHECK_TIMEOUT_MS,
    query_timeout: CHECK_TIMEOUT_MS,
  });
  try {
    for (const table of tables) {
      const name = getTableName(table);
      const problem = findProblem(Object.values(getTableColumns(table)), await readColumns(client, name));
      if (problem !== undefined) throw new SchemaError(`La table « ${name} » ${problem(connection.description)}`);
    }
    const { rows } = await client.query<Omit<ServerSettings, 'unindexedColumns'>>(
      `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS "connectionsMax",
        (SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout') AS "statementTimeoutMs"`,
    );
    const settings = rows[0] ?? { connectionsMax: Number.POSITIVE_INFINITY, statementTimeoutMs: 0 };
    return { ...settings, unindexedColumns: await findUnindexedColumns(client) };
  } finally {
    await client.end().catch(() => {});
  }
}

/** The columns of the table that this name means on the connection's search path; none when there is no such table. */
async function readColumns(client: pg.ClientBase, table: string): Promise<TableColumn[]> {
  const { rows } = await client.query<TableColumn>(
    `WITH RECURSIVE declared AS (
      SELECT attname, atttypid, format_type(atttypid, atttypmod) AS type,
        attnotnull AND NOT atthasdef AND attidentity = '' AS required
      FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
    ), resolved AS (
      SELECT attname, atttypid AS type FROM declared
      UNION ALL SELECT attname, typbasetype FROM resolved JOIN pg_type ON oid = type WHERE typtype = 'd'
    )
    SELECT attname AS name, declared.type AS "declaredType", typname AS "baseType", required AS "isRequired"
    FROM declared JOIN resolved USING (attname) JOIN pg_type ON oid = resolved.type WHERE typtype <> 'd'`,
    [table],
  );
  return rows;
}

/** What the service cannot do with the columns that are there, told of a database. */
function findProblem(
  expected: readonly PgColumn[],
  found: readonly TableColumn[],
): ((database: string) => string) | undefined {
  if (found.length === 0) return (database) => `n'existe pas dans ${database}. Créez-la avec : pnpm db:init`;
  const missing = expected.filter(({ name }) => !found.some((column) => column.name === name));
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    return (database) => `de ${database} n'a pas les colonnes attendues : il manque ${names}`;
  }
  const problems = found.flatMap((column) => {
    const known = expected.find(({ name }) => name === column.name);
    if (known === undefined) {
      return column.isRequired
        ? `${column.name} ${column.declaredType} est obligatoire et n’a pas de valeur par défaut`
        : [];
    }
    const adoptable = adoptableTypes[known.columnType] ?? [];
    if (!adoptable.includes(column.baseType)) {
      return `${column.name} est de type ${column.declaredType}, attendu : ${adoptable.join(', ')}`;
    }
    return known.primary && column.isRequired ? `${column.name} n’a ni séquence ni valeur par défaut` : [];
  });
  return problems.length === 0
    ? undefined
    : (database) => `de ${database} ne peut être utilisée : ${problems.join(' ; ')}`;
}
