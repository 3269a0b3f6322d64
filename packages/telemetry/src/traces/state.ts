import type { IncomingMessage } from 'node:http';
import type { SpanCounts } from './batch-processor.js';

/** What the preload and the service know of each other. */
export const tracingState: {
  /** `absent`: the preload did not run at all. */
  status: 'absent' | 'disabled' | 'started' | 'failed';
  failure?: unknown;
  readonly spans: SpanCounts;
  readonly problems: TracingProblems;
  /** Whether a request gets no span; set by the service. */
  leavesOut?: (request: IncomingMessage) => boolean;
  /** Exports what is still in memory, then stops. */
  shutdown?: () => Promise<void>;
} = { status: 'absent', spans: { exported: 0, dropped: 0 }, problems: createTracingProblems() };

/** Something that an operator has to know of, and its cause. */
interface TracingProblem {
  readonly event: 'spans_dropped' | 'sampling_strategy_unavailable';
  readonly reason: string;
}

/** The preload has no logger: what it has to say waits for the service's. */
interface TracingProblems {
  report(problem: TracingProblem): void;
  /** Hands on what has been reported, and from now on whatever is. */
  subscribe(listener: (problem: TracingProblem) => void): void;
}

function createTracingProblems(): TracingProblems {
  const waiting: TracingProblem[] = [];
  let handle = (problem: TracingProblem): void => {
    waiting.push(problem);
  };
  return {
    report: (problem) => handle(problem),
    subscribe: (listener) => {
      handle = listener;
      for (const problem of waiting.splice(0)) listener(problem);
    },
  };
}
