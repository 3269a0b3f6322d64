import { type PointerEvent, useEffect, useRef, useState } from 'react';
import type { TraceSummary } from './api.js';
import { useApp } from './app-state.js';
import { formatClock, formatDuration } from './format.js';

const HEIGHT = 140;
const LEFT = 64;

/** Duration over time; each point is a trace. Dragging chooses a part of the time. */
export function Scatter({
  items,
  onRange,
  onOpen,
}: {
  items: readonly TraceSummary[];
  onRange: (fromMs: number, toMs: number) => void;
  onOpen: (id: string) => void;
}) {
  const { t, language } = useApp();
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  useEffect(() => {
    if (box.current === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 800));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const startMs = Math.min(...items.map(({ startUs }) => startUs / 1_000));
  const endMs = Math.max(startMs + 1_000, ...items.map(({ startUs }) => startUs / 1_000));
  const lowest = Math.floor(Math.log10(Math.max(10, Math.min(...items.map(({ durationUs }) => durationUs)))));
  const highest = Math.max(
    lowest + 1,
    Math.ceil(Math.log10(Math.max(10, ...items.map(({ durationUs }) => durationUs)) * 1.01)),
  );
  const x = (ms: number) => LEFT + ((ms - startMs) / (endMs - startMs)) * (width - LEFT - 16);
  const y = (us: number) =>
    HEIGHT - 24 - ((Math.log10(Math.max(10 ** lowest, us)) - lowest) / (highest - lowest)) * (HEIGHT - 36);
  const at = (position: number) => startMs + ((position - LEFT) / (width - LEFT - 16)) * (endMs - startMs);
  const positionOf = (event: PointerEvent) => event.clientX - (box.current?.getBoundingClientRect().left ?? 0);
  const decades = Array.from({ length: highest - lowest + 1 }, (_, index) => lowest + index);
  return (
    <div
      ref={box}
      className="panel"
      style={{ touchAction: 'none' }}
      onPointerDown={(event) => {
        if (event.button === 0) setDrag({ from: positionOf(event), to: positionOf(event) });
      }}
      onPointerMove={(event) => {
        if (drag !== undefined) setDrag({ ...drag, to: positionOf(event) });
      }}
      onPointerLeave={() => setDrag(undefined)}
      onPointerUp={() => {
        if (drag !== undefined && Math.abs(drag.to - drag.from) > 8) {
          onRange(Math.floor(at(Math.min(drag.from, drag.to))), Math.ceil(at(Math.max(drag.from, drag.to))));
        }
        setDrag(undefined);
      }}
    >
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={`${t('duration')} · ${t('time')}`}
        style={{ display: 'block' }}
      >
        {items.length > 0 &&
          decades.map((decade) => (
            <g key={decade}>
              <line x1={LEFT} x2={width - 16} y1={y(10 ** decade)} y2={y(10 ** decade)} stroke="var(--hairline)" />
              <text x={LEFT - 8} y={y(10 ** decade) + 4} textAnchor="end" fontSize="12" fill="var(--muted)">
                {formatDuration(10 ** decade, language)}
              </text>
            </g>
          ))}
        {items.length > 0 &&
          [startMs, endMs].map((ms, index) => (
            <text
              key={ms}
              x={x(ms)}
              y={HEIGHT - 6}
              fontSize="12"
              fill="var(--muted)"
              textAnchor={index === 0 ? 'start' : 'end'}
            >
              {formatClock(ms, language).slice(0, 8)}
            </text>
          ))}
        {items.map((trace) => {
          const isError = trace.errors > 0 || trace.status.startsWith('5');
          const place = { x: x(trace.startUs / 1_000), y: y(trace.durationUs) };
          return (
            <g
              key={trace.traceId}
              style={{ cursor: 'pointer' }}
              onPointerDown={(event) => event.stopPropagation()}
              onClick={() => onOpen(trace.traceId)}
            >
              <title>{`${trace.name} ${trace.status} · ${formatDuration(trace.durationUs, language)}`}</title>
              <circle cx={place.x} cy={place.y} r="8" fill="transparent" />
              {isError ? (
                <path d={`M${place.x - 4} ${place.y - 4}l8 8m0 -8l-8 8`} stroke="var(--error)" strokeWidth="2" />
              ) : (
                <circle cx={place.x} cy={place.y} r="3" fill="var(--accent)" fillOpacity="0.7" />
              )}
            </g>
          );
        })}
        {drag !== undefined && (
          <rect
            x={Math.min(drag.from, drag.to)}
            width={Math.abs(drag.to - drag.from)}
            y="0"
            height={HEIGHT}
            fill="var(--accent)"
            fillOpacity="0.15"
          />
        )}
      </svg>
    </div>
  );
}
