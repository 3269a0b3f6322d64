import { context, ROOT_CONTEXT } from '@opentelemetry/api';

const EVERY_MS = 60_000;

/** At most one call a minute, in no request's context: what sets it off is one of many. */
export function rarely(call: (problem: string) => void): (problem: string) => void {
  let calledAt = Number.NEGATIVE_INFINITY;
  return (problem) => {
    const now = performance.now();
    if (now - calledAt < EVERY_MS) return;
    calledAt = now;
    context.with(ROOT_CONTEXT, () => call(problem));
  };
}
