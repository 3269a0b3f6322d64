import type { SpanCounts } from './batch-processor.js';

/** What the preload and the service know of each other. */
export const tracingState: {
  /** `absent`: the preload did not run at all. */
  status: 'absent' | 'disabled' | 'started' | 'failed';
  failure?: unknown;
  readonly spans: SpanCounts;
  /** Set by the service: told, at most once a minute, why spans are being lost. */
  onLoss?: (problem: string) => void;
  /** Exports what is still in memory, then stops. */
  shutdown?: () => Promise<void>;
} = { status: 'absent', spans: { exported: 0, dropped: 0 } };
