// The waterfall of a trace: a tree of rows that keys and pointer walk, few of them in the page.
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { Line } from './api.js';
import { useApp } from './app-state.js';
import { type Hover, useHovered } from './hover.js';
import { Axis, type ChangeView, Minimap } from './time-axis.js';
import { createTimeScale, type Range, type TimeScale } from './time-scale.js';
import type { Row, Tree } from './waterfall.js';
import { LINE_HEIGHT, LineRow, WaterfallRow } from './waterfall-rows.js';

interface WaterfallProps {
  readonly tree: Tree;
  readonly rows: readonly Row[];
  readonly lines: readonly Line[];
  /** Whether lines are rows of their own, under their span. */
  readonly areLinesShown: boolean;
  readonly view: Range;
  readonly selectedId: string | undefined;
  readonly matches: ReadonlySet<string> | undefined;
  readonly isCriticalShown: boolean;
  readonly isArriving: boolean;
  readonly hover: Hover;
  readonly onSelect: (id: string) => void;
  readonly onView: ChangeView;
  readonly onToggle: (row: Row) => void;
}

export function Waterfall(props: WaterfallProps) {
  const { tree, rows, lines, view, selectedId, hover, onSelect, onToggle, onView } = props;
  const { language } = useApp();
  const scroller = useRef<HTMLDivElement>(null);
  const [nameWidth, setNameWidth] = useState(() => Number(localStorage.getItem('nameWidth') ?? 320));
  const scale = useMemo(() => createTimeScale(tree, view), [tree, view[0], view[1]]);
  const isNarrow = matchMedia('(max-width: 900px)').matches;
  const rowHeight = isNarrow ? 44 : 28;
  const linesOf = useMemo(() => groupLines(lines, tree), [lines, tree]);
  const entries = useMemo(
    () =>
      rows.flatMap((row, index): Entry[] => [
        { row, index },
        ...(props.areLinesShown ? (linesOf.get(row.node.id) ?? []).map((line) => ({ row, index, line })) : []),
      ]),
    [rows, linesOf, props.areLinesShown],
  );
  const selectedIndex = Math.max(
    0,
    rows.findIndex(({ node, folded }) => node.id === selectedId || folded?.some(({ id }) => id === selectedId)),
  );
  const selectedEntry = entries.findIndex(({ index, line }) => index === selectedIndex && line === undefined);
  const virtual = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (entries[index]?.line === undefined ? rowHeight : LINE_HEIGHT),
    overscan: 12,
    // The row that has the focus stays.
    rangeExtractor: (range) =>
      [...new Set([...defaultRangeExtractor(range), Math.max(0, selectedEntry)])].sort((a, b) => a - b),
  });
  useEffect(() => virtual.measure(), [entries]);
  useEffect(() => {
    virtual.scrollToIndex(Math.max(0, selectedEntry));
  }, [selectedId]);
  const move = (event: KeyboardEvent) => {
    const row = rows[selectedIndex];
    const to = (index: number) => {
      const target = rows[Math.max(0, Math.min(rows.length - 1, index))];
      if (target !== undefined) onSelect(target.node.id);
    };
    const act: Readonly<Record<string, () => void>> = {
      ArrowDown: () => to(selectedIndex + 1),
      ArrowUp: () => to(selectedIndex - 1),
      Home: () => to(0),
      End: () => to(rows.length - 1),
      PageDown: () => to(selectedIndex + 20),
      PageUp: () => to(selectedIndex - 20),
      ArrowRight: () => {
        if (row?.isExpandable && !row.isExpanded) onToggle(row);
        else if (row?.isExpanded) to(selectedIndex + 1);
      },
      ArrowLeft: () => {
        if (row?.isExpanded) return onToggle(row);
        to(rows.findLastIndex(({ node }, index) => index < selectedIndex && node.depth < (row?.node.depth ?? 0)));
      },
      Enter: () => document.querySelector<HTMLElement>('.side [role="tab"]')?.focus(),
    };
    const pan = (by: number) => () => {
      const [from, to] = view;
      const step = by * (to - from);
      const shift = Math.max(tree.startUs - from, Math.min(tree.endUs - to, step));
      if (to - from < tree.endUs - tree.startUs) onView([from + shift, to + shift]);
    };
    const actWithShift: typeof act = { ArrowLeft: pan(-0.25), ArrowRight: pan(0.25) };
    const key = (event.shiftKey ? actWithShift : act)[event.key];
    if (key === undefined || event.ctrlKey) return;
    event.preventDefault();
    key();
  };
  const focusSelected = () => scroller.current?.querySelector<HTMLElement>('[aria-selected="true"]');
  useEffect(() => {
    if (scroller.current?.contains(document.activeElement)) focusSelected()?.focus();
  }, [selectedId]);

  return (
    <div className="waterfall" style={{ '--names': isNarrow ? '0px' : `${nameWidth}px` }}>
      {rows.length > 30 && !isNarrow && <Minimap tree={tree} view={view} onView={onView} />}
      <Axis scale={scale} origin={tree.startUs} nameWidth={nameWidth} onView={onView} onNameWidth={setNameWidth} />
      <div
        ref={scroller}
        className="scroll"
        role="treegrid"
        aria-rowcount={rows.length}
        aria-label="spans"
        onKeyDown={move}
        onWheel={(event) => {
          if (!event.ctrlKey) return;
          const bars = event.currentTarget.getBoundingClientRect();
          const part = Math.max(0, (event.clientX - bars.left - nameWidth) / (bars.width - nameWidth));
          const [from, to] = view;
          const factor = event.deltaY > 0 ? 1.25 : 0.8;
          const at = scale.timeAt(part);
          const next = [at - (at - from) * factor, at + (to - at) * factor] as const;
          onView(next[1] - next[0] >= tree.endUs - tree.startUs ? undefined : next);
        }}
        onDoubleClick={() => onView(undefined)}
      >
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {scale.gap !== undefined && (
            <div
              className="gap"
              style={{ '--from': scale.partOf(scale.gap[0]), '--to': scale.partOf(scale.gap[1]) }}
              aria-hidden
            />
          )}
          <Hairline scale={scale} hover={hover} />
          {virtual.getVirtualItems().map(({ index: at, start }) => {
            const entry = entries[at];
            if (entry === undefined) return null;
            const { row, index, line } = entry;
            if (line !== undefined) {
              return (
                <LineRow
                  key={`${row.node.id} ${at}`}
                  line={line}
                  top={start}
                  depth={row.node.depth}
                  nameWidth={nameWidth}
                  at={scale.partOf(line.timeMs * 1_000)}
                  hover={hover}
                />
              );
            }
            return (
              <WaterfallRow
                key={row.node.id}
                {...props}
                scale={scale}
                row={row}
                index={index}
                top={start}
                nameWidth={nameWidth}
                language={language}
                isSelected={index === selectedIndex}
                rowLines={linesOf.get(row.node.id) ?? []}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** The moment of the line that the pointer is on. */
function Hairline({ scale, hover }: { scale: TimeScale; hover: Hover }) {
  const timeUs = useHovered(hover, (hovered) => hovered?.timeUs);
  return timeUs === undefined ? null : (
    <div className="hairline" style={{ '--from': scale.partOf(timeUs) }} aria-hidden />
  );
}

interface Entry {
  readonly row: Row;
  /** Of the row among the rows. */
  readonly index: number;
  /** A line below its span's row. */
  readonly line?: Line;
}

/** Lines by the span that they are shown at: those of none, or of one that was not received, at the first. */
function groupLines(lines: readonly Line[], { nodes, roots }: Tree): ReadonlyMap<string, Line[]> {
  const groups = new Map<string, Line[]>();
  const first = roots[0]?.id ?? '';
  for (const line of lines) {
    const id = nodes.has(line.spanId) ? line.spanId : first;
    groups.set(id, [...(groups.get(id) ?? []), line]);
  }
  return groups;
}
