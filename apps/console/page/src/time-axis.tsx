// Where one is in a trace, and how one goes elsewhere: the axis of its waterfall, the whole of it in small.
import { type PointerEvent, useEffect, useRef, useState } from 'react';
import { useApp } from './app-state.js';
import { formatDuration } from './format.js';
import type { Range, TimeScale } from './time-scale.js';
import { kindOf, type Node, type Tree } from './waterfall.js';

/** Shows a part of the trace, from and to; undefined: the whole of it. */
export type ChangeView = (view: Range | undefined) => void;

const TICKS = 5;

export function Axis({
  scale,
  origin,
  nameWidth,
  onView,
  onNameWidth,
}: {
  scale: TimeScale;
  origin: number;
  nameWidth: number;
  onView: ChangeView;
  onNameWidth: (width: number) => void;
}) {
  const { t, language } = useApp();
  const box = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<readonly [number, number]>();
  const part = (event: PointerEvent) => {
    const { left = 0, width = 1 } = box.current?.getBoundingClientRect() ?? {};
    return Math.max(0, Math.min(1, (event.clientX - left) / width));
  };
  const resize = (next: number) => {
    const width = Math.max(160, Math.min(640, next));
    localStorage.setItem('nameWidth', String(width));
    onNameWidth(width);
  };
  return (
    <div className="axis">
      <div className="names" style={{ width: nameWidth, justifyContent: 'space-between' }}>
        <span>{t('span')}</span>
        <div
          role="separator"
          aria-orientation="vertical"
          aria-label={t('span')}
          aria-valuenow={nameWidth}
          tabIndex={0}
          style={{ cursor: 'col-resize', padding: '0 4px', marginRight: -8 }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowLeft') resize(nameWidth - 16);
            if (event.key === 'ArrowRight') resize(nameWidth + 16);
          }}
          onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
          onPointerMove={(event) => {
            if (event.currentTarget.hasPointerCapture(event.pointerId)) resize(nameWidth + event.movementX);
          }}
        >
          ⋮
        </div>
      </div>
      <div
        ref={box}
        className="ticks"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag([part(event), part(event)]);
        }}
        onPointerMove={(event) => drag !== undefined && setDrag([drag[0], part(event)])}
        onPointerUp={() => {
          if (drag !== undefined && Math.abs(drag[1] - drag[0]) > 0.01) {
            const [a, b] = [Math.min(...drag), Math.max(...drag)];
            onView([scale.timeAt(a), scale.timeAt(b)]);
          }
          setDrag(undefined);
        }}
        onDoubleClick={() => onView(undefined)}
      >
        {Array.from({ length: TICKS }, (_, index) => index / (TICKS - 1)).map((at) => (
          <span key={at} style={{ left: `${at * 100}%` }}>
            {at === 0 && scale.view[0] <= origin
              ? '0'
              : formatDuration(Math.max(0, scale.timeAt(at) - origin), language)}
          </span>
        ))}
        {scale.gap !== undefined && (
          <strong className="fold-mark" style={{ left: `${scale.partOf((scale.gap[0] + scale.gap[1]) / 2) * 100}%` }}>
            {'// '}
            {formatDuration(scale.gap[1] - scale.gap[0], language)}
          </strong>
        )}
        {drag !== undefined && (
          <div
            className="range"
            style={{ left: `${Math.min(...drag) * 100}%`, width: `${Math.abs(drag[1] - drag[0]) * 100}%` }}
          />
        )}
      </div>
    </div>
  );
}

/** The whole trace, small: where one is, and where the errors are. */
export function Minimap({ tree, view, onView }: { tree: Tree; view: Range; onView: ChangeView }) {
  const { theme } = useApp();
  const canvas = useRef<HTMLCanvasElement>(null);
  const from = useRef<number>(undefined);
  const total = tree.endUs - tree.startUs;
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (element === null || !context) return;
    const { clientWidth, clientHeight } = element;
    element.width = clientWidth * devicePixelRatio;
    element.height = clientHeight * devicePixelRatio;
    context.scale(devicePixelRatio, devicePixelRatio);
    const styles = getComputedStyle(document.documentElement);
    const color = (name: string) => styles.getPropertyValue(name).trim();
    const nodes = [...tree.nodes.values()].filter(({ span }) => span !== undefined);
    const lane = Math.max(0.5, Math.min(3, (clientHeight - 8) / nodes.length));
    const draw = (node: Node, index: number) => {
      context.fillStyle = color(node.isError ? '--error' : `--${kindOf(node.span)}`);
      const x = ((node.startUs - tree.startUs) / total) * clientWidth;
      context.fillRect(
        x,
        4 + index * lane,
        Math.max(1, ((node.endUs - node.startUs) / total) * clientWidth),
        Math.max(1, lane),
      );
    };
    for (const [index, node] of nodes.entries()) if (!node.isError) draw(node, index);
    for (const [index, node] of nodes.entries()) if (node.isError) draw(node, index);
    context.fillStyle = color('--page');
    context.globalAlpha = 0.7;
    const a = ((view[0] - tree.startUs) / total) * clientWidth;
    const b = ((view[1] - tree.startUs) / total) * clientWidth;
    context.fillRect(0, 0, a, clientHeight);
    context.fillRect(b, 0, clientWidth - b, clientHeight);
  }, [tree, view[0], view[1], theme]);
  const at = (event: PointerEvent<HTMLCanvasElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return tree.startUs + ((event.clientX - left) / width) * total;
  };
  return (
    <canvas
      ref={canvas}
      className="minimap"
      aria-hidden
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = at(event);
      }}
      onPointerMove={(event) => {
        if (from.current === undefined || Math.abs(at(event) - from.current) < total / 100) return;
        onView([Math.min(from.current, at(event)), Math.max(from.current, at(event))]);
      }}
      onPointerUp={() => {
        from.current = undefined;
      }}
      onDoubleClick={() => onView(undefined)}
    />
  );
}
