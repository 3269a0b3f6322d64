import type { Logger } from '@products/telemetry';
import { withTimeout } from './with-timeout.js';

/** A part of the service that runs: its database, its server, its workers. */
export interface Running {
  /** Resolves with the reason when it cannot go on. */
  readonly failed: Promise<string>;
  /** Stops in order. Resolves with whether everything ended in time. */
  stop(): Promise<boolean>;
}

/** A part that answers requests. */
export interface RunningServer extends Running {
  /** Where it listens: `http://0.0.0.0:5000`. */
  readonly url: string;
}

/** A step of a stop. */
export interface StopStep {
  readonly name: string;
  readonly timeoutMs: number;
  readonly run: () => Promise<unknown>;
}

/** Resolves with whether the step ended in time; a line says when it did not. */
export async function runStopStep(logger: Logger, { name, timeoutMs, run }: StopStep): Promise<boolean> {
  try {
    await withTimeout(run(), timeoutMs);
    return true;
  } catch (error) {
    logger.warning('stop_incomplete', { step: name, error });
    return false;
  }
}

/** For a part that never fails by itself. */
export const never: Promise<never> = new Promise(() => {});
