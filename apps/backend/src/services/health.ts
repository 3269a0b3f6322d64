import type { HealthPort } from '@products/api-contract/server';
import { CHECK_STATEMENT, type Database, utcTimestamp } from '@products/db';
import { type Logger, recordException } from '@products/telemetry';
import type { RunQuery } from './run-query.js';

/** Implements the port of health. */
export function createHealth(database: Database, runQuery: RunQuery, logger: Logger): HealthPort {
  const query = { span: 'db_health_check', statement: CHECK_STATEMENT, server: database.server } as const;
  return {
    check: async () => {
      try {
        await runQuery(query, async () => {
          await database.check();
          logger.info('database_connected');
        });
      } catch (error) {
        recordException(error);
        logger.error('database_disconnected', { error: error instanceof Error ? (error.cause ?? error) : error });
        return { status: 'DEGRADED', service: 'backend', database: 'disconnected', timestamp: utcTimestamp() };
      }
      return { status: 'UP', service: 'backend', database: 'connected', timestamp: utcTimestamp() };
    },
  };
}
