import type { Procedures } from '../procedure.js';
import type { HealthPort } from './port.js';
import type { Health } from './schemas.js';

export function createHealthRouter({ router, procedure }: Procedures, health: HealthPort) {
  return router({
    check: procedure
      .meta({
        needsDatabase: false,
        rest: {
          method: 'GET',
          path: '/health',
          summary: 'Check the service and its database',
          description: 'Answers within 2 seconds, also when the database hangs.',
          tag: 'monitoring',
          success: {
            status: 200,
            schema: 'HealthUp',
            statusWhen: { field: 'status', equals: 'DEGRADED', status: 503, schema: 'HealthDegraded' },
          },
          errors: [],
        },
      })
      .query((): Promise<Health> => health.check()),
  });
}
