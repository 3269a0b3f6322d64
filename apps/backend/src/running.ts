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

/** For a part that never fails by itself. */
export const never: Promise<never> = new Promise(() => {});
