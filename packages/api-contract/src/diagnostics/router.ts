import type { Procedures } from '../procedure.js';
import type { DiagnosticsPort } from './port.js';
import type { SlowResult } from './schemas.js';

export function createDiagnosticsRouter({ router, procedure }: Procedures, diagnostics: DiagnosticsPort) {
  return router({
    slow: procedure
      .meta({
        needsDatabase: false,
        rest: {
          method: 'GET',
          path: '/slow',
          summary: 'Simulate a slow operation',
          description: 'Answers after `SLOW_ENDPOINT_DELAY` seconds without holding up other requests.',
          tag: 'diagnostics',
          success: { status: 200, schema: 'SlowResult' },
          errors: [],
        },
      })
      .query(({ ctx }): Promise<SlowResult> => diagnostics.slow(ctx.caller)),

    error: procedure
      .meta({
        needsDatabase: false,
        rest: {
          method: 'GET',
          path: '/error',
          summary: 'Simulate an error',
          description: 'Always fails, with a real runtime error of a kind chosen at random.',
          tag: 'diagnostics',
          success: null,
          errors: ['INTERNAL_SERVER_ERROR'],
        },
      })
      .query((): never => diagnostics.error()),
  });
}
