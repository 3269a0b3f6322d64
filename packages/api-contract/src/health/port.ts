import type { Health } from './schemas.js';

export interface HealthPort {
  /** Checks the database. A database that does not answer is a result, not an error. */
  check(): Promise<Health>;
}
