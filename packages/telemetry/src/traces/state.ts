import type { SpanCounts } from './batch-processor.js';

/** `absent`: the preload did not run at all; `foreign`: something else had registered a tracer before it. */
export const tracingStatuses = ['started', 'disabled', 'foreign', 'failed', 'absent'] as const;
export type TracingStatus = (typeof tracingStatuses)[number];

/** Shared by the preload, which sets it, and the service. */
export const tracingState: {
  status: TracingStatus;
  failure?: unknown;
  /** Whether a request starts a new trace, linked to its caller's (`TRACE_CONTEXT=ignore`). */
  isCallerIgnored: boolean;
  readonly spans: SpanCounts;
  readonly problems: TracingProblems;
  /** Exports the spans still in memory, then stops. */
  shutdown?: () => Promise<void>;
} = { status: 'absent', isCallerIgnored: false, spans: { exported: 0, dropped: 0 }, problems: createTracingProblems() };

/** A problem for the operator, and its cause. */
interface TracingProblem {
  readonly event: 'spans_dropped' | 'sampling_strategy_unavailable';
  readonly reason: string;
}

/** Problems wait for the service's logger, since the preload has none. */
interface TracingProblems {
  report(problem: TracingProblem): void;
  /** Receives the problems reported so far and every later one. */
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
