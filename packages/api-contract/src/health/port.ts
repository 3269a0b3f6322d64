import type { Health } from './schemas.js';

export interface HealthPort {
  /** Asks the database; a database that does not answer is a result, not an error. */
  check(): Promise<Health>;
}
