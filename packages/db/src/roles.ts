import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { ConnectionConfig } from './connection.js';
import { unwrapQueryError } from './database-error.js';
import { getTableName, type NodePgDatabase, sql } from './drizzle.js';
import { tables } from './schema.js';
import { SETUP_LOCK, withConnection } from './setup.js';
import { isCondition } from './sql-states.js';

type Transaction = Parameters<Parameters<NodePgDatabase['transaction']>[0]>[0];

/** What the service does with its tables. */
const SERVICE_RIGHTS = 'SELECT, INSERT, UPDATE, DELETE';

/** What each role may do, beside what PostgreSQL lets everyone do. */
const grants = {
  products_service: async (tx: Transaction) => {
    await tx.execute(sql.raw('GRANT USAGE ON SCHEMA public TO products_service'));
    for (const name of tables.map(getTableName)) {
      await tx.execute(sql.raw(`REVOKE ALL ON ${name} FROM products_service`));
      await tx.execute(sql.raw(`GRANT ${SERVICE_RIGHTS} ON ${name} TO products_service`));
      const { rows } = await tx.execute<{ sequence: string | null }>(
        sql`SELECT pg_get_serial_sequence(${name}, 'id') AS sequence`,
      );
      const sequence = rows[0]?.sequence;
      if (sequence) await tx.execute(sql.raw(`GRANT USAGE ON SEQUENCE ${sequence} TO products_service`));
    }
  },
  // Statistics of the whole server, no table.
  products_exporter: async (tx: Transaction) => {
    await tx.execute(sql.raw('GRANT pg_monitor TO products_exporter'));
  },
};

export type RoleName = keyof typeof grants;

/**
 * Creates these roles, or sets their passwords, and grants each its privileges. The connection is the owner's.
 *
 * @returns the names of the roles
 * @throws {Error} when the owner may not make roles or there is no table yet.
 */
export async function createRoles(
  connection: ConnectionConfig,
  passwords: Readonly<Partial<Record<RoleName, string>>>,
): Promise<RoleName[]> {
  const names = (Object.keys(grants) as RoleName[]).filter((name) => passwords[name] !== undefined);
  try {
    await withConnection(connection, (orm) =>
      orm.transaction(async (tx) => {
        await tx.execute(sql`SELECT pg_advisory_xact_lock(${SETUP_LOCK})`);
        for (const name of names) {
          const { rowCount } = await tx.execute(sql`SELECT 1 FROM pg_roles WHERE rolname = ${name}`);
          const statement = `${rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${name}`;
          await tx.execute(sql.raw(`${statement} LOGIN PASSWORD '${hashPassword(passwords[name] ?? '')}'`));
          await grants[name](tx);
        }
      }),
    );
  } catch (error) {
    throw explain(unwrapQueryError(error));
  }
  return names;
}

/** SCRAM-SHA-256 as PostgreSQL stores it: the password itself would stand in the server's log when the statement fails. */
function hashPassword(password: string): string {
  const iterations = 4_096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const sign = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(sign('Client Key')).digest('base64');
  const serverKey = sign('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

function explain(cause: unknown): unknown {
  if (isCondition(cause, 'undefined_table')) {
    return new Error("La table « products » n'existe pas. Créez-la avec : pnpm db:init", { cause });
  }
  if (isCondition(cause, 'insufficient_privilege')) {
    return new Error(
      `Droits insuffisants pour créer les rôles (${cause.message}). Il faut : ALTER ROLE … CREATEROLE, la propriété de la ` +
        'table « products » et, pour products_exporter, GRANT pg_monitor TO … WITH ADMIN OPTION.',
      { cause },
    );
  }
  return cause;
}
