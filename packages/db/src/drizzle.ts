// drizzle as CommonJS: Node.js 24 takes 2 s of CPU and 240 MB to import its hundred ES modules, for it parses drizzle's
// package.json of 180 KB anew for each; required, they take 0.2 s and 24 MB.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

const orm: typeof import('drizzle-orm') = require('drizzle-orm');
const pgCore: typeof import('drizzle-orm/pg-core') = require('drizzle-orm/pg-core');
const nodePostgres: typeof import('drizzle-orm/node-postgres') = require('drizzle-orm/node-postgres');
const migrator: typeof import('drizzle-orm/node-postgres/migrator') = require('drizzle-orm/node-postgres/migrator');

export type { NodePgDatabase } from 'drizzle-orm/node-postgres';
export const { asc, DrizzleQueryError, eq, fillPlaceholders, getTableColumns, gt, sql } = orm;
export const { doublePrecision, pgTable, serial, timestamp, varchar } = pgCore;
export const { drizzle } = nodePostgres;
export const { migrate } = migrator;
