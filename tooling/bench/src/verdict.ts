import type { Figures } from './measure.js';
import type { Quartiles } from './statistics.js';

type Verdict = 'better' | 'same' | 'worse';

const UNKNOWN = 'unknown: the earlier result has no ranges, run pnpm bench';

/**
 * Compares what the service costs beside the baseline with an earlier result: better or worse is a work whose middle half of
 * rounds lies wholly below or above the earlier one's.
 */
export function compareCosts(
  before: Readonly<Record<string, Figures>>,
  now: Readonly<Record<string, Figures>>,
): { readonly verdict: Verdict | typeof UNKNOWN; readonly lines: readonly string[] } {
  const works = Object.entries(now).flatMap(([work, figures]) => {
    const [was, is] = [before[work]?.service?.toBaseline, figures.service?.toBaseline];
    return was === undefined || is === undefined ? [] : [{ work, was, is, verdict: judge(was, is) }];
  });
  return {
    verdict: works.length === 0 ? UNKNOWN : sumUp(works.map(({ verdict }) => verdict)),
    lines: works.map(
      ({ work, was, is, verdict }) => `${work}: ${describe(is)} × the baseline, was ${describe(was)}: ${verdict}`,
    ),
  };
}

/** Worse in one work is worse. */
function sumUp(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('worse')) return 'worse';
  return verdicts.includes('better') ? 'better' : 'same';
}

function judge(was: Quartiles, is: Quartiles): Verdict {
  if (is.high < was.low) return 'better';
  return is.low > was.high ? 'worse' : 'same';
}

function describe({ low, median, high }: Quartiles): string {
  return `${median.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}
