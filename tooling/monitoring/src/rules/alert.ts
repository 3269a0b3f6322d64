import type { Vector } from '../promql.js';

export interface Alert {
  readonly expression: Vector;
  /** How long the expression has to hold. */
  readonly for: `${number}${'m' | 'h'}`;
  /** Critical wakes somebody up; a warning is for the next working day. */
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
  readonly description: string;
}
