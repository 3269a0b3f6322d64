import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { useApp } from './app-state.js';
import { formatClock } from './format.js';

interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** A CSS variable's name: `--accent`. */
  readonly color: string;
  readonly isDashed?: boolean;
  /** Values that say little, of few requests: they are dotted. */
  readonly isWeak?: readonly boolean[];
}

export interface Mark {
  readonly time: number;
  readonly value: number;
  readonly isError: boolean;
  readonly title: string;
  /** Undefined where what it leads to is gone. */
  readonly open: (() => void) | undefined;
}

interface ChartProps {
  readonly title: string;
  /** Beside the title. */
  readonly note?: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly height: number;
  readonly format: (value: number | null) => string;
  readonly marks?: readonly Mark[];
  readonly restarts?: readonly number[];
  /** All with the same word share one cursor. */
  readonly group?: string;
}

const variable = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Lines over time. A value that is missing breaks its line. Marks are links. */
export function Chart({ title, note, times, series, height, format, marks = [], restarts = [], group }: ChartProps) {
  const { t, theme, language } = useApp();
  const container = useRef<HTMLDivElement>(null);
  const [isTable, setTable] = useState(false);
  const plot = useRef<uPlot>(undefined);
  const overlay = useRef<HTMLDivElement>(null);
  const latest = useRef({ marks, restarts, format });
  latest.current = { marks, restarts, format };
  const names = series.map(({ label }) => label).join('\n');

  useEffect(() => {
    const parent = container.current;
    if (parent === null) return;
    const muted = variable('--muted');
    const font = '12px system-ui, sans-serif';
    const chart = new uPlot(
      {
        width: parent.clientWidth,
        height,
        padding: [8, 24, 0, 0],
        legend: { show: false },
        cursor: { points: { size: 6 }, drag: { x: false, y: false }, ...(group && { sync: { key: group } }) },
        scales: { y: { range: (_, __, max) => [0, niceMax(max)] } },
        axes: [
          {
            stroke: muted,
            font,
            space: 80,
            size: 24,
            grid: { show: false },
            ticks: { show: false },
            values: (_, ticks) => {
              const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
              return ticks.map((tick) => formatClock(tick * 1_000, language).slice(0, step < 60 ? 8 : 5));
            },
          },
          {
            stroke: muted,
            font,
            size: 64,
            space: 28,
            grid: { stroke: variable('--hairline'), width: 1 },
            ticks: { show: false },
            values: (_, ticks) => ticks.map((tick) => latest.current.format(tick)),
          },
        ],
        series: [
          {},
          ...series.flatMap(({ label, color, isDashed, isWeak }) => {
            const line = { label, stroke: variable(color), width: 1.5, spanGaps: false };
            const points = { show: (_: uPlot, __: number, first: number, last: number) => last - first < 2, size: 4 };
            const strong = { ...line, points, ...(isDashed && { dash: [4, 3] }) };
            return isWeak === undefined ? [strong] : [strong, { ...line, points, dash: [1, 4] }];
          }),
        ],
        hooks: {
          draw: [
            (drawn) => {
              drawRestarts(drawn, latest.current.restarts);
              placeMarks(drawn, overlay.current);
            },
          ],
        },
      },
      dataOf(times, series),
      parent,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: parent.clientWidth, height }));
    observer.observe(parent);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [names, theme, language, height, isTable]);

  useEffect(() => {
    plot.current?.setData(dataOf(times, series));
  }, [times, series]);

  const isEmpty = !series.some(({ values }) => values.some((value) => value !== null));
  const last = (values: readonly (number | null)[]) => values.findLast((value) => value !== null) ?? null;
  return (
    <section className="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <button
          type="button"
          className="quiet small"
          aria-pressed={isTable}
          aria-label={`${title}: ${t(isTable ? 'asChart' : 'asTable')}`}
          title={t(isTable ? 'asChart' : 'asTable')}
          onClick={() => setTable(!isTable)}
        >
          ≡
        </button>
        {note !== undefined && <span className="meta">{note}</span>}
        <span className="grow" />
        {series.map(({ label, color, values }) => (
          <span key={label} className="nowrap" style={{ fontSize: 12 }}>
            <span style={{ color: `var(${color})` }} aria-hidden>
              ▬{' '}
            </span>
            <span className="muted">{label} </span>
            <strong>{format(last(values))}</strong>
          </span>
        ))}
      </header>
      {isTable ? (
        <ValueTable times={times} series={series} format={format} marks={marks} height={height} />
      ) : (
        <div className="chart" ref={container} style={{ position: 'relative', height }}>
          {isEmpty && (
            <div className="meta" style={{ position: 'absolute', inset: '40% 0 auto', textAlign: 'center', zIndex: 1 }}>
              {t('noData')}
            </div>
          )}
          <div ref={overlay} style={{ position: 'absolute', inset: 0, pointerEvents: 'none', zIndex: 2 }}>
            {marks.map((mark) => (
              <button
                key={`${mark.time} ${mark.value}`}
                type="button"
                data-time={mark.time}
                data-value={mark.value}
                title={mark.title}
                aria-label={mark.title}
                className={`mark${mark.isError ? ' bad' : ''}`}
                disabled={mark.open === undefined}
                onClick={mark.open}
              >
                {mark.isError ? '✕' : '◇'}
              </button>
            ))}
          </div>
        </div>
      )}
    </section>
  );
}

/** Of each series its line, and behind it the dotted one where it has weak values: both have the point where they meet. */
function dataOf(times: readonly number[], series: readonly Series[]): uPlot.AlignedData {
  const lines = series.flatMap(({ values, isWeak }) => {
    if (isWeak === undefined) return [values];
    const strong = values.map((value, index) => (isWeak[index] ? null : value));
    const weak = values.map((value, index) => (isWeak[index] || isWeak[index - 1] || isWeak[index + 1] ? value : null));
    return [strong, weak];
  });
  return [[...times], ...lines.map((values) => [...values])] as uPlot.AlignedData;
}

/** The latest values, for who cannot see the lines; with the requests that are marked on them. */
function ValueTable({
  times,
  series,
  format,
  marks,
  height,
}: Required<Pick<ChartProps, 'times' | 'series' | 'format' | 'marks' | 'height'>>) {
  const { language } = useApp();
  const rows = times.map((time, index) => ({ time, index })).toReversed();
  return (
    <div style={{ height, overflow: 'auto' }}>
      <table>
        <tbody>
          {rows.slice(0, 60).map(({ time, index }) => (
            <tr key={time}>
              <td className="muted">{formatClock(time * 1_000, language).slice(0, 8)}</td>
              {series.map(({ label, values }) => (
                <td key={label} className="right" title={label}>
                  {format(values[index] ?? null)}
                </td>
              ))}
              <td>
                {marks
                  .filter((mark) => mark.time <= time && mark.time > (times[index - 1] ?? 0))
                  .map((mark) => (
                    <button
                      key={mark.title + mark.time}
                      type="button"
                      className="quiet small"
                      disabled={mark.open === undefined}
                      onClick={mark.open}
                    >
                      {mark.isError ? '✕' : '◇'} {mark.title}
                    </button>
                  ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Above the largest value, so that the line does not touch the edge. */
function niceMax(max: number | null): number {
  return max === null || max <= 0 ? 1 : max * 1.1;
}

function drawRestarts({ ctx, bbox, valToPos }: uPlot, restarts: readonly number[]): void {
  ctx.save();
  ctx.strokeStyle = variable('--muted');
  ctx.setLineDash([4, 4]);
  for (const time of restarts) {
    const x = valToPos(time, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

function placeMarks(chart: uPlot, overlay: HTMLElement | null): void {
  if (overlay === null) return;
  const { min = 0, max = 0 } = chart.scales['x'] ?? {};
  const top = chart.scales['y']?.max ?? 1;
  for (const mark of overlay.querySelectorAll<HTMLElement>('.mark')) {
    const time = Number(mark.dataset['time']);
    mark.hidden = time < (min ?? 0) || time > (max ?? 0);
    if (mark.hidden) continue;
    const value = Math.min(Number(mark.dataset['value']), top);
    mark.style.left = `${chart.valToPos(time, 'x') + chart.over.offsetLeft}px`;
    mark.style.top = `${chart.valToPos(value, 'y') + chart.over.offsetTop}px`;
  }
}
