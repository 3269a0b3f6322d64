// Where a moment of a trace is drawn. Time in which nothing ran takes little room, and says how much it is.
import type { Tree } from './waterfall.js';

/** Of the width that a folded gap takes. */
const GAP_PART = 0.06;

/** Microseconds since 1970, from and to. */
export type Range = readonly [number, number];

export interface TimeScale {
  readonly view: Range;
  /** More than half of the view, in which no span ran. */
  readonly gap: Range | undefined;
  /** 0 to 1 within the view. */
  partOf(us: number): number;
  /** The moment at this part of the view. */
  timeAt(part: number): number;
}

/** The scale of a part of a trace: even, but for a gap of more than half of it. */
export function createTimeScale({ gaps }: Pick<Tree, 'gaps'>, view: Range): TimeScale {
  const [from, to] = view;
  // A span may take no time.
  const length = Math.max(1, to - from);
  const within = gaps.map(([start, end]) => [Math.max(from, start), Math.min(to, end)] as const);
  // A view of nothing else is even too.
  const gap = within.find(([start, end]) => end - start > length / 2 && end - start < length);
  if (gap === undefined) {
    return { view, gap, partOf: (us) => (us - from) / length, timeAt: (part) => from + part * length };
  }
  const [start, end] = gap;
  const usPerPart = (length - (end - start)) / (1 - GAP_PART);
  const before = (start - from) / usPerPart;
  return {
    view,
    gap,
    partOf: (us) => {
      if (us <= start) return (us - from) / usPerPart;
      if (us < end) return before + ((us - start) / (end - start)) * GAP_PART;
      return before + GAP_PART + (us - end) / usPerPart;
    },
    timeAt: (part) => {
      if (part <= before) return from + part * usPerPart;
      if (part < before + GAP_PART) return start + ((part - before) / GAP_PART) * (end - start);
      return end + (part - before - GAP_PART) * usPerPart;
    },
  };
}
