/** What the preload and the service know of each other. */
export const tracingState: {
  /** `absent`: the preload did not run at all. */
  status: 'absent' | 'disabled' | 'started' | 'failed';
  failure?: unknown;
  /** What became of the spans that this process has ended. */
  readonly spans: { exported: number; dropped: number };
  /** Set by the service: told, at most once a minute, why spans are being lost. */
  onLoss?: (problem: string) => void;
  /** Exports what is still in memory, then stops. */
  shutdown?: () => Promise<void>;
} = { status: 'absent', spans: { exported: 0, dropped: 0 } };
