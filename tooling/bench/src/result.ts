import type { ContenderName } from './contenders.js';
import type { LargeListFigures } from './large-list.js';
import type { Figures } from './measure.js';

/** What one run of the bench has shown. */
export interface Result {
  readonly node: string;
  readonly cpus: number;
  readonly starts: Readonly<Partial<Record<ContenderName, StartFigures>>>;
  /** By the name of the work. */
  readonly requests: Readonly<Record<string, Figures>>;
  readonly connections: Readonly<Record<string, Figures>>;
  readonly rows: Readonly<Record<string, Figures>>;
  readonly largeList: LargeListFigures;
  /** Requests a second by how many workers. */
  readonly workers: Readonly<Record<number, number>>;
}

export interface StartFigures {
  readonly startMs: number;
  readonly cpuMs: number;
  readonly idleBytes: number;
  /** After all the requests. */
  readonly loadedBytes: number;
}
