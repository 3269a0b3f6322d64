import type { Caller } from '../caller.js';
import type { SlowResult } from './schemas.js';

export interface DiagnosticsPort {
  /** Waits for the configured delay; rejects with CLIENT_CLOSED_REQUEST as soon as the caller leaves. */
  slow(caller: Caller): Promise<SlowResult>;
  /** Raises a real runtime error of a kind chosen at random. */
  error(): never;
}
