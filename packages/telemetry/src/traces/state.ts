/** What the preload left for the service to know. */
export const tracingState: {
  /** `absent`: the preload did not run at all. */
  status: 'absent' | 'disabled' | 'started' | 'failed';
  failure?: unknown;
  /** Exports what is still in memory, then stops. */
  shutdown?: () => Promise<void>;
} = { status: 'absent' };
