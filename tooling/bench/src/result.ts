import type { LargeListFigures } from './large-list.js';
import type { Figures } from './measure.js';
import type { TargetName } from './targets.js';
import type { WaitFigures } from './waits.js';
import type { WorkerFigures } from './workers.js';

/** The figures of one run of the bench. */
export interface Result {
  readonly node: string;
  readonly cpus: number;
  readonly starts: Readonly<Partial<Record<TargetName, StartFigures>>>;
  /** By the name of the work. */
  readonly requests: Readonly<Record<string, Figures>>;
  /** The service and the baseline alone, in turn. */
  readonly pair: Readonly<Record<string, Figures>>;
  readonly connections: Readonly<Record<string, Figures>>;
  readonly rows: Readonly<Record<string, Figures>>;
  readonly largeList: LargeListFigures;
  readonly waits: readonly WaitFigures[];
  /** By how many workers. */
  readonly workers: Readonly<Record<number, WorkerFigures>>;
}

export interface StartFigures {
  readonly startMs: number;
  readonly cpuMs: number;
  readonly idleBytes: number;
  /** After all the requests. */
  readonly loadedBytes: number;
}
