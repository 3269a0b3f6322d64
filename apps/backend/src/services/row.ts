// What statements on one row have in common.
import { sql } from '@products/db';

/** The transaction that wrote the row: another one with each change (https://www.postgresql.org/docs/current/ddl-system-columns.html). */
export const version = sql<string>`xmin::text`.as('version');

/** An id of any integer type, whatever that of the column: `integer`, or another in an adopted table. */
export const idValue = (name: string) => sql`${sql.placeholder(name)}::bigint`;

/** Any version where `versions` is null. */
export const hasVersion = sql`(${sql.placeholder('versions')}::text[] IS NULL OR xmin::text = ANY(${sql.placeholder('versions')}::text[]))`;
