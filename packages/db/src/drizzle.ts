// drizzle as CommonJS: 0.2 s of CPU and 24 MB. As ES modules it takes 2 s and 240 MB, since Node.js 24 parses drizzle's
// package.json of 180 KB again for each of its hundred modules.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

const orm: typeof import('drizzle-orm') = require('drizzle-orm');
const pgCore: typeof import('drizzle-orm/pg-core') = require('drizzle-orm/pg-core');
const nodePostgres: typeof import('drizzle-orm/node-postgres') = require('drizzle-orm/node-postgres');
const migrator: typeof import('drizzle-orm/node-postgres/migrator') = require('drizzle-orm/node-postgres/migrator');

export type { SQL } from 'drizzle-orm';
export type { NodePgDatabase } from 'drizzle-orm/node-postgres';
export type { PgColumn } from 'drizzle-orm/pg-core';
export const { and, asc, desc, DrizzleQueryError, eq, fillPlaceholders, getTableColumns, getTableName, isNull, sql } =
  orm;
export const { doublePrecision, pgTable, serial, timestamp, varchar } = pgCore;
export const { drizzle } = nodePostgres;
export const { migrate } = migrator;
