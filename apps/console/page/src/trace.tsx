import { Tabs } from '@base-ui/react/tabs';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useRouter, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, type Line, type Span, type Tag } from './api.js';
import { useApp, useKeys } from './app-state.js';
import { formatDuration, formatMoment, formatPercent, shortId } from './format.js';
import { Hover } from './hover.js';
import { CopyButton, Empty, StatusText } from './parts.js';
import type { Range } from './time-scale.js';
import { Lines, SpanDetails } from './trace-side.js';
import {
  buildTree,
  curlOf,
  initiallyExpanded,
  isErrorSpan,
  matchesSpan,
  type Node,
  rowsOf,
  type Tree,
  timeByName,
} from './waterfall.js';
import { Waterfall } from './waterfall-view.js';

export function readTraceSearch(search: Record<string, unknown>): { span?: string; tab?: 'lines' } {
  return {
    ...(typeof search['span'] === 'string' && { span: search['span'] }),
    ...(search['tab'] === 'lines' && { tab: 'lines' }),
  };
}

/** How long a trace is taken to go on after its last span. */
const QUIET_MS = 5_000;
/** A trace that is not there may still come; so often it is asked for, once a second. */
const TRIES_MAX = 15;
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
    refetchInterval: ({ state: { data: known, errorUpdateCount } }) => {
      const isExpected =
        known === undefined
          ? errorUpdateCount < TRIES_MAX
          : known.spans.length === 0 || Date.now() - known.receivedMs < 2 * QUIET_MS;
      return isExpected ? 1_000 : false;
    },
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
  const router = useRouter();
  const [isAligned, setAligned] = useState(false);
  const tree = useMemo(() => buildTree(spans, isAligned), [spans, isAligned]);
  const hasSkew = useMemo(() => [...tree.nodes.values()].some(({ skewUs }) => skewUs > 0), [tree]);
  const [areLinesShown, setLinesShown] = useState(false);
  const [expanded, setExpanded] = useState(() => initiallyExpanded(tree));
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const [view, setView] = useState<Range>();
  const [hover] = useState(() => new Hover());
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
    Escape: () => (router.history.canGoBack() ? router.history.back() : void navigate({ to: '/traces' })),
  };
  useKeys(keys);

  const root = tree.roots[0];
  const status = spans
    .map((span) => tagText(span.tags, 'http.response.status_code'))
    .find((text) => text !== undefined);
  const curl = curlOf(spans);
  const ageMs = useAge(receivedMs);
  const isWithoutRoot = !spans.some(({ parentId }) => parentId === '');
  const isArriving = ageMs < QUIET_MS || (isWithoutRoot && ageMs < PARENT_MS);
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
          {isArriving && <span className="chip warn">{t('arriving', { count: spans.length })}</span>}
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
          <Lines lines={lines} startUs={undefined} selectedId={undefined} hover={hover} onSelect={() => {}} />
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
            isArriving={ageMs < PARENT_MS}
            hover={hover}
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
          <aside
            className="side"
            aria-label={t('span')}
            onKeyDown={(event) => {
              if (event.key !== 'Escape') return;
              event.preventDefault();
              document.querySelector<HTMLElement>('[role="row"][aria-selected="true"]')?.focus();
            }}
          >
            <Tabs.Root value={tab} onValueChange={setTab}>
              <Tabs.List className="tabs">
                <Tabs.Tab value="span">{t('span')}</Tabs.Tab>
                <Tabs.Tab value="lines">
                  {t('lines')} {lines.length}
                </Tabs.Tab>
              </Tabs.List>
              <Tabs.Panel value="span">
                <SpanDetails node={selected} tree={tree} />
              </Tabs.Panel>
              <Tabs.Panel value="lines">
                <Lines lines={lines} startUs={tree.startUs} selectedId={selectedId} hover={hover} onSelect={reveal} />
              </Tabs.Panel>
            </Tabs.Root>
          </aside>
        </div>
      )}
    </div>
  );
}

/** How long ago that was; the page is drawn again when a trace counts as quiet, and when a parent will not come any more. */
function useAge(timeMs: number): number {
  const [, draw] = useState(0);
  useEffect(() => {
    const waits = [QUIET_MS, PARENT_MS].map((limit) => timeMs + limit - Date.now()).filter((wait) => wait > 0);
    const timers = waits.map((wait) => setTimeout(() => draw((times) => times + 1), wait + 50));
    return () => timers.forEach(clearTimeout);
  }, [timeMs]);
  return Date.now() - timeMs;
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
