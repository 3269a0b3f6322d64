export { type ConnectionConfig, type DatabaseServer, parseDatabaseUrl } from './connection.js';
export {
  assertSchema,
  CHECK_STATEMENT,
  createDatabase,
  type Database,
  queryBuilder,
  SchemaError,
  type ServerSettings,
  type Statement,
} from './database.js';
export { DatabaseUnavailableError } from './database-error.js';
export { asc, eq, gt, sql } from './drizzle.js';
export { type PoolOptions, sumPoolStats } from './pool.js';
export { products } from './schema.js';
export { initDatabase } from './setup.js';
export { utcTimestamp } from './utc-timestamp.js';
