import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type PointerEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, type Line, type Span, type Tag } from './api.js';
import { useApp, useKeys } from './app-state.js';
import { formatClock, formatDuration, formatMoment, formatPercent, shortId } from './format.js';
import { CopyButton, Empty, KindTag, StatusText } from './parts.js';
import {
  buildTree,
  curlOf,
  initiallyExpanded,
  isErrorSpan,
  kindOf,
  matchesSpan,
  type Node,
  type Row,
  rowsOf,
  type Tree,
  timeByName,
} from './waterfall.js';

export function readTraceSearch(search: Record<string, unknown>): { span?: string; tab?: 'lines' } {
  return {
    ...(typeof search['span'] === 'string' && { span: search['span'] }),
    ...(search['tab'] === 'lines' && { tab: 'lines' }),
  };
}

/** How long a trace is taken to go on after its last span. */
const QUIET_MS = 5_000;
/** A parent may come that much later. */
const PARENT_MS = 10_000;

/** A trace: its waterfall, what each span has, its lines beside it. */
export function TracePage() {
  const { t } = useApp();
  const { id } = useParams({ from: '/trace/$id' });
  const { data, error } = useQuery({
    queryKey: ['trace', id],
    queryFn: () => api.trace.query({ id }),
    // A trace that has just begun goes on arriving.
    refetchInterval: ({ state }) =>
      state.data === undefined || state.data.spans.length === 0 || Date.now() - state.data.receivedMs < 2 * QUIET_MS
        ? 1_000
        : false,
    retry: false,
  });
  if (error !== null && data === undefined) {
    return (
      <div className="pad">
        <div className="panel">
          <Empty>
            {t('noTrace', { id })}
            <Link to="/traces">{t('backToTraces')}</Link>
          </Empty>
        </div>
      </div>
    );
  }
  if (data === undefined) return null;
  return <Trace key={id} id={data.id} spans={data.spans} lines={data.lines} receivedMs={data.receivedMs} />;
}

function Trace({ id, spans, lines, receivedMs }: { id: string; spans: Span[]; lines: Line[]; receivedMs: number }) {
  const { t, language } = useApp();
  const search = readTraceSearch(useSearch({ strict: false }));
  const navigate = useNavigate();
  const [isAligned, setAligned] = useState(false);
  const tree = useMemo(() => buildTree(spans, isAligned), [spans, isAligned]);
  const hasSkew = useMemo(() => [...tree.nodes.values()].some(({ skewUs }) => skewUs > 0), [tree]);
  const [areLinesShown, setLinesShown] = useState(false);
  const [expanded, setExpanded] = useState(() => initiallyExpanded(tree));
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const [view, setView] = useState<readonly [number, number]>();
  const [find, setFind] = useState('');
  const [isCriticalShown, setCriticalShown] = useState(true);
  const findField = useRef<HTMLInputElement>(null);
  const known = useRef(new Set(tree.nodes.keys()));
  // Spans that come later are open as the first ones were.
  useEffect(() => {
    const added = [...tree.nodes.keys()].filter((each) => !known.current.has(each));
    if (added.length === 0) return;
    for (const each of added) known.current.add(each);
    setExpanded((before) => new Set([...before, ...added]));
  }, [tree]);

  const rows = useMemo(() => rowsOf(tree, expanded, unfolded), [tree, expanded, unfolded]);
  const firstId = rows[0]?.node.id;
  const selectedId = search.span ?? firstId;
  const select = useCallback(
    (span: string) => void navigate({ to: '.', search: (before) => ({ ...before, span }), replace: true }),
    [navigate],
  );
  const tab = search.tab ?? 'span';
  const setTab = (next: 'span' | 'lines') => {
    const { tab: _, ...others } = search;
    void navigate({ to: '.', search: next === 'lines' ? { ...others, tab: next } : others, replace: true });
  };
  const matches = useMemo(
    () =>
      find.trim() === ''
        ? undefined
        : new Set(spans.filter((span) => matchesSpan(span, find)).map(({ spanId }) => spanId)),
    [spans, find],
  );

  const reveal = (wanted: string) => {
    const open = new Set(expanded);
    const shown = new Set(unfolded);
    const visit = (node: Node): boolean => {
      const isHere = node.id === wanted;
      const isBelow = node.children.map(visit).some(Boolean);
      if (isBelow) {
        open.add(node.id);
        for (const child of node.children) shown.add(child.id);
      }
      return isHere || isBelow;
    };
    for (const root of tree.roots) visit(root);
    setExpanded(open);
    setUnfolded(shown);
    select(wanted);
  };
  const jump = (ids: readonly string[], step: 1 | -1) => {
    if (ids.length === 0) return;
    const at = ids.indexOf(selectedId ?? '');
    reveal(ids[(at + step + ids.length) % ids.length] ?? '');
  };
  const errorIds = spans.filter(isErrorSpan).map(({ spanId }) => spanId);
  const matchIds = spans.filter(({ spanId }) => matches?.has(spanId)).map(({ spanId }) => spanId);
  const [startUs, endUs] = view ?? [tree.startUs, tree.endUs];
  const zoom = (factor: number) => {
    const middle = (startUs + endUs) / 2;
    const half = Math.max(5, ((endUs - startUs) * factor) / 2);
    setView(half * 2 >= tree.endUs - tree.startUs ? undefined : [middle - half, middle + half]);
  };
  const selected = selectedId === undefined ? undefined : tree.nodes.get(selectedId);
  const keys = {
    e: () => jump(errorIds, 1),
    E: () => jump(errorIds, -1),
    n: () => jump(matchIds, 1),
    N: () => jump(matchIds, -1),
    c: () => setCriticalShown(!isCriticalShown),
    l: () => setLinesShown(!areLinesShown),
    '[': () => setExpanded(new Set()),
    ']': () => setExpanded(new Set(tree.nodes.keys())),
    '+': () => zoom(0.5),
    '-': () => zoom(2),
    '0': () => setView(undefined),
    y: () => void navigator.clipboard.writeText(id),
  };
  useKeys(keys);

  const root = tree.roots[0];
  const status = spans
    .map((span) => tagText(span.tags, 'http.response.status_code'))
    .find((text) => text !== undefined);
  const curl = curlOf(spans);
  const age = Date.now() - receivedMs;
  const name = root?.span?.name ?? spans[0]?.name ?? shortId(id);
  return (
    <div className="fill">
      <div className="pad" style={{ paddingBottom: 12 }}>
        <div className="bar">
          <h1>{name}</h1>
          <StatusText status={status ?? ''} errors={errorIds.length} />
          <span className="nowrap">
            {spans.length > 0 &&
              `· ${formatDuration(tree.endUs - tree.startUs, language)} · ${spans.length} spans · ${errorIds.length} ${t('errors').toLowerCase()}`}
          </span>
          {age < QUIET_MS && <span className="chip warn">{t('arriving', { count: spans.length })}</span>}
          <span className="grow" />
          {spans.length > 0 && (
            <span className="muted wide" title={new Date(tree.startUs / 1_000).toISOString()}>
              {formatMoment(tree.startUs / 1_000, language)}
            </span>
          )}
          <CopyButton text={id} label={shortId(id)} />
          <CopyButton text={JSON.stringify({ id, spans, lines }, null, 2)} label="JSON" title="JSON" />
          {curl !== undefined && <CopyButton text={curl} label="curl" />}
        </div>
        {spans.length > 0 && <TimeWentTo tree={tree} />}
        <div className="bar">
          <input
            ref={findField}
            data-search
            aria-label={t('find')}
            placeholder={t('find')}
            value={find}
            onChange={(event) => setFind(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter') jump(matchIds, event.shiftKey ? -1 : 1);
              if (event.key === 'Escape') findField.current?.blur();
            }}
            style={{ width: 260 }}
          />
          {matches !== undefined && (
            <span className="muted">{`${matchIds.indexOf(selectedId ?? '') + 1}/${matchIds.length}`}</span>
          )}
          <label className="inline">
            <input
              type="checkbox"
              checked={isCriticalShown}
              onChange={(event) => setCriticalShown(event.target.checked)}
            />
            {t('criticalPath')}
          </label>
          <label className="inline">
            <input type="checkbox" checked={areLinesShown} onChange={(event) => setLinesShown(event.target.checked)} />
            {t('lines')}
          </label>
          {hasSkew && (
            <label className="inline">
              <input type="checkbox" checked={isAligned} onChange={(event) => setAligned(event.target.checked)} />
              {t('align')}
            </label>
          )}
          <button type="button" onClick={keys[']']} className="wide">
            {t('expandAll')}
          </button>
          <button type="button" onClick={keys['[']} className="wide">
            {t('collapseAll')}
          </button>
          {view !== undefined && (
            <button type="button" onClick={() => setView(undefined)}>
              {t('resetZoom')}
            </button>
          )}
        </div>
      </div>
      {spans.length === 0 ? (
        <div className="pad">
          <p>{t('noSpans', { count: lines.length })}</p>
          <Lines lines={lines} startUs={undefined} selectedId={undefined} onSelect={() => {}} />
        </div>
      ) : (
        <div className="trace">
          <Waterfall
            tree={tree}
            rows={rows}
            lines={lines}
            areLinesShown={areLinesShown}
            view={[startUs, endUs]}
            selectedId={selectedId}
            matches={matches}
            isCriticalShown={isCriticalShown}
            isArriving={age < PARENT_MS}
            onSelect={select}
            onView={setView}
            onToggle={(row) => {
              if (row.folded !== undefined) setUnfolded(new Set([...unfolded, row.node.id]));
              else {
                const next = new Set(expanded);
                if (!next.delete(row.node.id)) next.add(row.node.id);
                setExpanded(next);
              }
            }}
          />
          <aside className="side" aria-label={t('span')}>
            <div className="tabs" role="tablist">
              <button type="button" role="tab" aria-selected={tab === 'span'} onClick={() => setTab('span')}>
                {t('span')}
              </button>
              <button type="button" role="tab" aria-selected={tab === 'lines'} onClick={() => setTab('lines')}>
                {t('lines')} {lines.length}
              </button>
            </div>
            {tab === 'span' ? (
              <SpanDetails node={selected} tree={tree} />
            ) : (
              <Lines lines={lines} startUs={tree.startUs} selectedId={selectedId} onSelect={reveal} />
            )}
          </aside>
        </div>
      )}
    </div>
  );
}

function tagText(tags: readonly Tag[], key: string): string | undefined {
  const found = tags.find((tag) => tag.key === key);
  return found === undefined ? undefined : String(found.value);
}

function TimeWentTo({ tree }: { tree: Tree }) {
  const { t, language } = useApp();
  const total = tree.endUs - tree.startUs;
  return (
    <p className="cut">
      <span className="muted">{t('timeWentTo')}: </span>
      {timeByName(tree)
        .slice(0, 3)
        .map(({ name, kind, selfUs }, index) => (
          <span key={name}>
            {index > 0 && ' · '}
            <span style={{ color: `var(--${kind})` }} aria-hidden>
              ■{' '}
            </span>
            <span style={index === 0 ? { fontWeight: 600 } : undefined}>{name}</span> {formatDuration(selfUs, language)}{' '}
            ({formatPercent(Math.min(1, selfUs / total), language)})
          </span>
        ))}
    </p>
  );
}

interface WaterfallProps {
  readonly tree: Tree;
  readonly rows: readonly Row[];
  readonly lines: readonly Line[];
  /** Whether lines are rows of their own, under their span. */
  readonly areLinesShown: boolean;
  readonly view: readonly [number, number];
  readonly selectedId: string | undefined;
  readonly matches: ReadonlySet<string> | undefined;
  readonly isCriticalShown: boolean;
  readonly isArriving: boolean;
  readonly onSelect: (id: string) => void;
  readonly onView: (view: readonly [number, number] | undefined) => void;
  readonly onToggle: (row: Row) => void;
}

const TICKS = 5;

function Waterfall(props: WaterfallProps) {
  const { tree, rows, lines, view, selectedId, onSelect, onToggle, onView } = props;
  const { language } = useApp();
  const scroller = useRef<HTMLDivElement>(null);
  const [nameWidth, setNameWidth] = useState(() => Number(localStorage.getItem('nameWidth') ?? 320));
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
  const virtual = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (entries[index]?.line === undefined ? rowHeight : LINE_HEIGHT),
    overscan: 12,
  });
  useEffect(() => virtual.measure(), [entries]);
  const selectedIndex = Math.max(
    0,
    rows.findIndex(({ node, folded }) => node.id === selectedId || folded?.some(({ id }) => id === selectedId)),
  );
  useEffect(() => {
    virtual.scrollToIndex(entries.findIndex(({ index, line }) => index === selectedIndex && line === undefined));
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
    const key = act[event.key];
    if (key === undefined || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    key();
  };
  const focusSelected = () => scroller.current?.querySelector<HTMLElement>('[aria-selected="true"]');
  useEffect(() => {
    if (scroller.current?.contains(document.activeElement)) focusSelected()?.focus();
  }, [selectedId]);

  return (
    <div className="waterfall">
      {rows.length > 30 && !isNarrow && <Minimap tree={tree} view={view} onView={onView} />}
      <Axis view={view} origin={tree.startUs} nameWidth={nameWidth} onView={onView} onNameWidth={setNameWidth} />
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
          const at = from + part * (to - from);
          const next = [at - (at - from) * factor, at + (to - at) * factor] as const;
          onView(next[1] - next[0] >= tree.endUs - tree.startUs ? undefined : next);
        }}
        onDoubleClick={() => onView(undefined)}
      >
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
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
                  at={(line.timeMs * 1_000 - view[0]) / (view[1] - view[0])}
                />
              );
            }
            return (
              <WaterfallRow
                key={row.node.id}
                {...props}
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

interface Entry {
  readonly row: Row;
  /** Of the row among the rows. */
  readonly index: number;
  /** A line below its span's row. */
  readonly line?: Line;
}

const LINE_HEIGHT = 20;

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

/** A line as a row of its own; its moment is marked, or at which edge it lies beyond. */
function LineRow({
  line,
  top,
  depth,
  nameWidth,
  at,
}: {
  line: Line;
  top: number;
  depth: number;
  nameWidth: number;
  at: number;
}) {
  const { language } = useApp();
  return (
    <div className="row lrow" style={{ transform: `translateY(${top}px)`, height: LINE_HEIGHT }}>
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

interface RowProps extends WaterfallProps {
  readonly row: Row;
  readonly index: number;
  readonly top: number;
  readonly nameWidth: number;
  readonly language: 'en' | 'fr';
  readonly isSelected: boolean;
  readonly rowLines: readonly Line[];
}

function WaterfallRow(props: RowProps) {
  const {
    row,
    index,
    top,
    nameWidth,
    language,
    isSelected,
    rowLines,
    tree,
    view,
    matches,
    isCriticalShown,
    isArriving,
  } = props;
  const { t } = useApp();
  const { node, folded } = row;
  const { span } = node;
  const [from, to] = view;
  const percent = (us: number) => ((us - from) / (to - from)) * 100;
  const startUs = folded === undefined ? node.startUs : Math.min(...folded.map((each) => each.startUs));
  const endUs = folded === undefined ? node.endUs : Math.max(...folded.map((each) => each.endUs));
  const left = percent(startUs);
  const width = percent(endUs) - left;
  const right = left + width;
  const kind = kindOf(span);
  const color = node.isError ? 'var(--error)' : `var(--${kind})`;
  const durations = folded?.map((each) => each.endUs - each.startUs) ?? [];
  const sum = durations.reduce((total, each) => total + each, 0);
  const text =
    folded === undefined
      ? formatDuration(node.endUs - node.startUs, language)
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
      className={`row${isDim ? ' dim' : ''}`}
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
          <span className="name missing">
            {t('missingParent', { id: shortId(node.id) })}
            {isArriving && ' …'}
          </span>
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
          className={`bar-span${span === undefined ? ' missing' : ''}`}
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

function Axis({
  view: [from, to],
  origin,
  nameWidth,
  onView,
  onNameWidth,
}: {
  view: readonly [number, number];
  origin: number;
  nameWidth: number;
  onView: WaterfallProps['onView'];
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
            onView([from + a * (to - from), from + b * (to - from)]);
          }
          setDrag(undefined);
        }}
        onDoubleClick={() => onView(undefined)}
      >
        {Array.from({ length: TICKS }, (_, index) => index / (TICKS - 1)).map((at) => (
          <span key={at} style={{ left: `${at * 100}%` }}>
            {at === 0 && from <= origin ? '0' : formatDuration(Math.max(0, from - origin + at * (to - from)), language)}
          </span>
        ))}
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
function Minimap({
  tree,
  view,
  onView,
}: {
  tree: Tree;
  view: readonly [number, number];
  onView: WaterfallProps['onView'];
}) {
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

function SpanDetails({ node, tree }: { node: Node | undefined; tree: Tree }) {
  const { t, language } = useApp();
  if (node?.span === undefined) return null;
  const { span } = node;
  const fields = (tags: readonly Tag[]) => (
    <dl>
      {tags.map(({ key, value }, index) => (
        <Field key={`${key} ${index}`} name={key} value={String(value)} />
      ))}
    </dl>
  );
  return (
    <div>
      <div className="block">
        <h2 style={{ overflowWrap: 'anywhere' }}>
          <KindTag kind={kindOf(span)} />
          {span.name}
        </h2>
        <p className="muted">
          {span.service} · {formatDuration(span.durationUs, language)} · {t('self')}{' '}
          {formatDuration(node.selfUs, language)} · +{formatDuration(span.startUs - tree.startUs, language)}
        </p>
        {node.skewUs > 0 && (
          <p className="warn">⚠ {t('startsBefore', { duration: formatDuration(node.skewUs, language) })}</p>
        )}
      </div>
      {span.logs.length > 0 && (
        <div className="block">
          <h2>
            {t('events')} {span.logs.length}
          </h2>
          {span.logs.map((log, index) => (
            <div key={index}>
              <p className="meta">+{formatDuration(log.timeUs - tree.startUs, language)}</p>
              {fields(log.fields.filter(({ key }) => !key.endsWith('stacktrace')))}
              {log.fields
                .filter(({ key }) => key.endsWith('stacktrace'))
                .map(({ key, value }) => (
                  <pre key={key} className="error">
                    {String(value)}
                  </pre>
                ))}
            </div>
          ))}
        </div>
      )}
      <div className="block">
        <h2>{t('attributes')}</h2>
        {fields(span.tags)}
      </div>
      {span.links.length > 0 && (
        <div className="block">
          <h2>{t('links')}</h2>
          {span.links.map(({ traceId, spanId }) => (
            <Link key={spanId} to="/trace/$id" params={{ id: traceId }} search={{ span: spanId }} className="mono">
              {shortId(traceId)}
            </Link>
          ))}
        </div>
      )}
      <div className="block">
        <h2>{t('process')}</h2>
        {fields([
          { key: 'service.name', type: 'string', value: span.service },
          ...span.processTags,
          { key: 'span_id', type: 'string', value: span.spanId },
          { key: 'parent_id', type: 'string', value: span.parentId || '—' },
        ])}
      </div>
    </div>
  );
}

function Field({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function Lines({
  lines,
  startUs,
  selectedId,
  onSelect,
}: {
  lines: readonly Line[];
  startUs: number | undefined;
  selectedId: string | undefined;
  onSelect: (spanId: string) => void;
}) {
  const { t, language } = useApp();
  if (lines.length === 0) return <p className="block muted">{t('noLines')}</p>;
  return (
    <div>
      {lines.map((line, index) => (
        <button
          key={index}
          type="button"
          className="traceline"
          aria-pressed={line.spanId === selectedId}
          onClick={() => onSelect(line.spanId)}
        >
          <span className="muted">
            {startUs === undefined
              ? formatClock(line.timeMs, language)
              : `+${((line.timeMs * 1_000 - startUs) / 1_000).toFixed(3)} ms`}
          </span>{' '}
          <span className={`lvl ${line.level}`}>{line.level}</span>
          <br />
          {line.message}
          {typeof line.fields['exc_info'] === 'string' && <pre className="error">{line.fields['exc_info']}</pre>}
        </button>
      ))}
    </div>
  );
}
