// The rows of a waterfall: a span with its bar, a line at its moment.
import type { Line } from './api.js';
import { useApp } from './app-state.js';
import { formatClock, formatDuration, shortId } from './format.js';
import { type Hover, useHovered } from './hover.js';
import { KindTag } from './parts.js';
import type { TimeScale } from './time-scale.js';
import { kindOf, type Row, type Tree } from './waterfall.js';

export const LINE_HEIGHT = 20;

/** A line as a row of its own; its moment is marked, or at which edge it lies beyond. */
export function LineRow({
  line,
  top,
  depth,
  nameWidth,
  at,
  hover,
}: {
  line: Line;
  top: number;
  depth: number;
  nameWidth: number;
  at: number;
  hover: Hover;
}) {
  const { language } = useApp();
  return (
    <div
      className="row lrow"
      style={{ transform: `translateY(${top}px)`, height: LINE_HEIGHT }}
      onPointerEnter={() => hover.set({ spanId: line.spanId, timeUs: line.timeMs * 1_000 })}
      onPointerLeave={() => hover.set(undefined)}
    >
      <div className="names" style={{ width: nameWidth, paddingLeft: 44 + depth * 12 }}>
        <span className={`lvl ${line.level}`}>{line.level}</span> {formatClock(line.timeMs, language)}
      </div>
      <div className="bars" title={line.message}>
        {at >= 0 && at <= 1 ? <span className="cursor" style={{ left: `${at * 100}%` }} /> : null}
        <span className="cut" style={{ position: 'absolute', inset: '0 0 0 8px' }}>
          {at < 0 && '‹ '}
          {at > 1 && '› '}
          {line.message}
        </span>
      </div>
    </div>
  );
}

interface RowProps {
  readonly tree: Tree;
  readonly scale: TimeScale;
  readonly hover: Hover;
  readonly matches: ReadonlySet<string> | undefined;
  readonly isCriticalShown: boolean;
  readonly isArriving: boolean;
  readonly onSelect: (id: string) => void;
  readonly onToggle: (row: Row) => void;
  readonly row: Row;
  readonly index: number;
  readonly top: number;
  readonly nameWidth: number;
  readonly language: 'en' | 'fr';
  readonly isSelected: boolean;
  readonly rowLines: readonly Line[];
}

export function WaterfallRow(props: RowProps) {
  const {
    row,
    index,
    top,
    nameWidth,
    language,
    isSelected,
    rowLines,
    tree,
    scale,
    matches,
    isCriticalShown,
    isArriving,
    hover,
  } = props;
  const { t } = useApp();
  const isLinked = useHovered(hover, (hovered) => hovered?.timeUs !== undefined && hovered.spanId === row.node.id);
  const { node, folded } = row;
  const { span } = node;
  const percent = (us: number) => scale.partOf(us) * 100;
  const startUs = folded === undefined ? node.startUs : Math.min(...folded.map((each) => each.startUs));
  const endUs = folded === undefined ? node.endUs : Math.max(...folded.map((each) => each.endUs));
  const left = percent(startUs);
  // It goes on, as far as one knows.
  const isOpen = span === undefined && isArriving;
  const width = (isOpen ? 100 : percent(endUs)) - left;
  const right = left + width;
  const kind = kindOf(span);
  const color = node.isError ? 'var(--error)' : `var(--${kind})`;
  const durations = folded?.map((each) => each.endUs - each.startUs) ?? [];
  const sum = durations.reduce((total, each) => total + each, 0);
  // What was not received has no duration that is known.
  const hope = t(isArriving ? 'mayArrive' : 'willNotArrive');
  const own = span === undefined ? hope : formatDuration(node.endUs - node.startUs, language);
  const text =
    folded === undefined
      ? own
      : `${formatDuration(sum, language)} · ${t('slowest')} ${formatDuration(Math.max(...durations), language)}`;
  const indent = node.depth <= 12 ? node.depth * 12 : 144 + (node.depth - 12) * 2;
  const isDim = matches !== undefined && !matches.has(node.id);
  // Beside the bar where there is room, else before it, else on it.
  const place =
    right < 84
      ? { left: `${Math.max(0, right)}%` }
      : left > 16
        ? { right: `${100 - Math.min(100, left)}%` }
        : { left: `${Math.max(0, left)}%` };
  const isInside = right >= 84 && left <= 16;
  const label = [
    span?.name ?? t('missingParent', { id: shortId(node.id) }),
    kind,
    text,
    node.isError ? t('errors') : '',
    rowLines.length > 0 ? `${rowLines.length} ${t('lines')}` : '',
  ];
  const hiddenErrors = row.isExpandable && !row.isExpanded && !node.isError ? node.errors : 0;
  return (
    <div
      role="row"
      aria-rowindex={index + 1}
      aria-level={node.depth + 1}
      aria-setsize={row.setSize}
      aria-posinset={row.position}
      {...(row.isExpandable && { 'aria-expanded': row.isExpanded })}
      aria-selected={isSelected}
      aria-label={label.filter((each) => each !== '').join(', ')}
      tabIndex={isSelected ? 0 : -1}
      className={`row${isDim ? ' dim' : ''}${isLinked ? ' linked' : ''}`}
      onPointerEnter={() => hover.set({ spanId: node.id })}
      onPointerLeave={() => hover.set(undefined)}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => props.onSelect(node.id)}
      onKeyDown={() => {}}
    >
      <div className="names" role="gridcell" style={{ width: nameWidth, paddingLeft: 8 + indent }} title={span?.name}>
        {row.isExpandable ? (
          <button
            type="button"
            tabIndex={-1}
            className="twist"
            aria-hidden
            onClick={(event) => {
              event.stopPropagation();
              props.onToggle(row);
            }}
          >
            {row.isExpanded ? '▾' : '▸'}
          </button>
        ) : (
          <span className="twist" />
        )}
        {span !== undefined && <KindTag kind={kind} />}
        {span === undefined ? (
          <span className="name missing">{t('missingParent', { id: shortId(node.id) })}</span>
        ) : (
          <span className={`name${node.isError ? ' error' : ''}`}>
            {span.name}
            {folded !== undefined && <strong> ×{folded.length}</strong>}
          </span>
        )}
        {hiddenErrors > 0 && <span className="error">✕{hiddenErrors}</span>}
        {node.skewUs > 0 && (
          <span className="warn" title={t('startsBefore', { duration: formatDuration(node.skewUs, language) })}>
            ⚠
          </span>
        )}
        {node.isCycle && <span className="warn">↻</span>}
      </div>
      <div className="bars" role="gridcell" aria-hidden>
        <div
          className={`bar-span${span === undefined ? ' missing' : ''}${isOpen ? ' open' : ''}`}
          style={{ left: `${left}%`, width: `${width}%`, ...(span !== undefined && { background: color }) }}
        >
          {(folded === undefined ? node.children : []).slice(0, 60).map((child) => (
            <i
              key={child.id}
              style={{
                left: `${((child.startUs - startUs) / Math.max(1, endUs - startUs)) * 100}%`,
                width: `${((child.endUs - child.startUs) / Math.max(1, endUs - startUs)) * 100}%`,
              }}
            />
          ))}
        </div>
        {isCriticalShown && span !== undefined && tree.critical.has(node.id) && (
          <div className="bar-critical" style={{ left: `${left}%`, width: `${width}%` }} />
        )}
        {rowLines.map((line) => (
          <span
            key={`${line.timeMs} ${line.message}`}
            className={`tick ${line.level}`}
            title={`${line.level} ${line.message}`}
            style={{ left: `${percent(line.timeMs * 1_000)}%` }}
          />
        ))}
        <span className={`time${isInside ? ' inside' : ''}`} style={place}>
          {node.isError && <span className="error">✕ </span>}
          {text}
        </span>
      </div>
    </div>
  );
}
