import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, type StoredLine } from './api.js';
import { useApp, useKeys } from './app-state.js';
import { Choice, Text } from './fields.js';
import { formatClock, formatCount, shortId } from './format.js';
import { useServiceUrl, useStatus } from './layout.js';
import { Command, Empty } from './parts.js';

interface Search {
  text?: string;
  level?: string;
  field?: string;
  route?: string;
  trace?: string;
}

export function readLogsSearch(search: Record<string, unknown>): Search {
  const names = ['text', 'level', 'field', 'route', 'trace'] as const;
  return Object.fromEntries(
    names.flatMap((name) => (search[name] === undefined || search[name] === '' ? [] : [[name, String(search[name])]])),
  );
}

const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];
/** What others call them. */
const ALIASES: Readonly<Record<string, string>> = { DEBUG: 'TRACE', WARNING: 'WARN', CRITICAL: 'FATAL' };
/** Lines that the page holds; earlier ones are asked for again. */
const HELD_MAX = 5_000;
const PAGE = 500;
const EVERY_MS = 1_000;

/** What one chose, as the console asks its store. */
function toQuery({ text, level, field, route, trace }: Search) {
  const fields: Record<string, string> = {};
  const equals = field?.indexOf('=') ?? -1;
  if (field !== undefined && equals > 0) fields[field.slice(0, equals)] = field.slice(equals + 1);
  if (route !== undefined) fields['route'] = route;
  const from = level === undefined ? -1 : LEVELS.indexOf(level);
  return {
    ...(text !== undefined && { text }),
    ...(from >= 0 && { levels: LEVELS.slice(from).flatMap((each) => [each, ALIASES[each] ?? each]) }),
    ...(trace !== undefined && /^[\da-f]{1,32}$/i.test(trace) && { traceId: trace }),
    ...(Object.keys(fields).length > 0 && { fields }),
  };
}

/** Lines as they come, the newest below. Scrolling up pauses what is shown, and never what is received. */
export function LogsPage() {
  const { t, language, isLive } = useApp();
  const search = readLogsSearch(useSearch({ strict: false }));
  const navigate = useNavigate({ from: '/logs' });
  const serviceUrl = useServiceUrl();
  const removed = useStatus().data?.losses.removedLines ?? 0;
  const [lines, setLines] = useState<readonly StoredLine[]>([]);
  const [isAtEnd, setAtEnd] = useState(true);
  const [waiting, setWaiting] = useState(0);
  const [isWrapped, setWrapped] = useState(false);
  const [isLoaded, setLoaded] = useState(false);
  /** The first and the last line, by their `seq`, in the order in which they were chosen. */
  const [selected, setSelected] = useState<{ from: number; to: number }>();
  const scroller = useRef<HTMLDivElement>(null);
  /** What the console has looked through for the lines shown. */
  const seenSeq = useRef(0);
  const isFollowing = isLive && isAtEnd;
  const key = JSON.stringify(search);

  useEffect(() => {
    let isCurrent = true;
    setLoaded(false);
    setSelected(undefined);
    const load = () =>
      api.lines.query({ ...toQuery(search), limit: PAGE }).then(
        (found) => {
          if (!isCurrent) return;
          setLines(found.items);
          seenSeq.current = found.seenSeq;
          setWaiting(0);
          setAtEnd(true);
          setLoaded(true);
        },
        // The console starts again: so does this.
        () => void (isCurrent && setTimeout(load, EVERY_MS)),
      );
    void load();
    return () => {
      isCurrent = false;
    };
  }, [key]);

  useEffect(() => {
    if (!isLoaded) return;
    let isCurrent = true;
    let countedSeq = seenSeq.current;
    const ask = async () => {
      const since = isFollowing
        ? { afterSeq: seenSeq.current, limit: HELD_MAX }
        : { afterSeq: countedSeq, limit: PAGE };
      const found = await api.lines.query({ ...toQuery(search), ...since }).catch(() => undefined);
      if (!isCurrent) return;
      if (found !== undefined && isFollowing) {
        seenSeq.current = found.seenSeq;
        if (found.items.length > 0) setLines((before) => append(before, found.items));
      } else if (found !== undefined) {
        countedSeq = found.seenSeq;
        if (found.items.length > 0) setWaiting((before) => before + found.items.length);
      }
      timer = setTimeout(ask, EVERY_MS);
    };
    if (isFollowing) setWaiting(0);
    let timer = setTimeout(ask, EVERY_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [key, isFollowing, isLoaded]);

  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 20,
    overscan: 20,
    getItemKey: (index) => lines[index]?.seq ?? index,
  });
  const count = lines.length;
  const lastSeq = lines.at(-1)?.seq;
  useEffect(() => {
    if (isFollowing && count > 0) virtual.scrollToIndex(count - 1, { align: 'end' });
  }, [count, lastSeq, isFollowing, isWrapped]);

  const loadEarlier = useCallback(async () => {
    const first = lines[0];
    if (first === undefined) return;
    const earlier = { ...toQuery(search), beforeSeq: first.seq, limit: PAGE };
    const { items } = await api.lines.query(earlier).catch(() => ({ items: [] }));
    if (items.length === 0) return;
    const held = [...items, ...lines].slice(0, HELD_MAX);
    setLines((before) => (before === lines ? held : before));
    // What is no longer held is asked for again on the way down.
    seenSeq.current = Math.min(seenSeq.current, held.length < HELD_MAX ? seenSeq.current : (held.at(-1)?.seq ?? 0));
    requestAnimationFrame(() => {
      if (scroller.current !== null) scroller.current.scrollTop += items.length * 20;
    });
  }, [lines, search]);

  const resume = useCallback(async () => {
    const found = await api.lines.query({ ...toQuery(search), limit: PAGE }).catch(() => undefined);
    if (found === undefined) return;
    setLines(found.items);
    seenSeq.current = found.seenSeq;
    setWaiting(0);
    setAtEnd(true);
  }, [search]);
  const keys = useMemo(() => ({ End: () => void resume() }), [resume]);
  useKeys(keys);

  const set = (next: Partial<Record<keyof Search, string | undefined>>) =>
    void navigate({ search: (before) => readLogsSearch({ ...before, ...next }), replace: true });
  const isChosen = ({ seq }: StoredLine) =>
    selected !== undefined &&
    seq >= Math.min(selected.from, selected.to) &&
    seq <= Math.max(selected.from, selected.to);
  return (
    <div className="fill">
      <div className="pad" style={{ paddingBottom: 12 }}>
        <h1 className="hidden">{t('logs')}</h1>
        <div className="bar">
          <Text name={t('search')} value={search.text} set={(text) => set({ text })} isSearch />
          <Choice name={t('level')} value={search.level} values={LEVELS} set={(level) => set({ level })} />
          <Text name={t('field')} value={search.field} set={(field) => set({ field })} width={160} />
          <Text name={t('route')} value={search.route} set={(route) => set({ route })} width={140} />
          <Text name={t('traceId')} value={search.trace} set={(trace) => set({ trace })} width={140} />
          {Object.keys(search).length > 0 && (
            <Link to="/logs" search={{}}>
              {t('clear')}
            </Link>
          )}
          <span className="grow" />
          {removed > 0 && (
            <span className="muted nowrap">{t('removedLines', { count: formatCount(removed, language) })}</span>
          )}
          <label className="inline">
            <input type="checkbox" checked={isWrapped} onChange={(event) => setWrapped(event.target.checked)} />
            {t('wrap')}
          </label>
        </div>
      </div>
      {isLoaded && lines.length === 0 ? (
        <Empty>
          {Object.keys(search).length > 0 ? t('none') : t('nothing')}
          {Object.keys(search).length === 0 && (
            <Command text={`curl ${serviceUrl ?? 'http://localhost:5000'}/products`} />
          )}
        </Empty>
      ) : (
        <div
          ref={scroller}
          className="lines"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keys.
          tabIndex={0}
          role="log"
          aria-label={t('logs')}
          aria-live="off"
          onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
            setAtEnd(scrollHeight - scrollTop - clientHeight < 24);
            if (scrollTop === 0) void loadEarlier();
          }}
          onKeyDown={(event) => {
            if (!event.shiftKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
            event.preventDefault();
            const step = event.key === 'ArrowUp' ? -1 : 1;
            const last = lines.at(-1)?.seq ?? 0;
            const { from, to } = selected ?? { from: last, to: last };
            const next = lines[lines.findIndex(({ seq }) => seq === to) + step];
            setSelected({ from, to: next?.seq ?? to });
          }}
          onCopy={(event) => {
            if (selected === undefined || getSelection()?.isCollapsed === false) return;
            event.preventDefault();
            const texts = lines.filter(isChosen).map(({ fields, message }) => rawText(fields, message));
            event.clipboardData.setData('text/plain', texts.join('\n'));
          }}
        >
          <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
            {virtual.getVirtualItems().map(({ index, start, key: rowKey }) => {
              const line = lines[index];
              if (line === undefined) return null;
              return (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys.
                <div
                  key={rowKey}
                  ref={virtual.measureElement}
                  data-index={index}
                  className={`line ${line.level}${isWrapped ? ' wrap' : ''}`}
                  data-selected={isChosen(line)}
                  style={{ transform: `translateY(${start}px)` }}
                  onClick={(event) =>
                    getSelection()?.isCollapsed !== false &&
                    setSelected({ from: event.shiftKey ? (selected?.from ?? line.seq) : line.seq, to: line.seq })
                  }
                >
                  <span className="muted" title={new Date(line.timeMs).toISOString()}>
                    {formatClock(line.timeMs, language)}
                  </span>
                  <span className={`lvl ${line.level}`}>{line.level || '—'}</span>
                  <span className="text" title={isWrapped ? undefined : line.message}>
                    {line.message}
                    <span className="muted">{extraText(line)}</span>
                  </span>
                  {line.traceId !== '' && (
                    <Link
                      to="/trace/$id"
                      params={{ id: line.traceId }}
                      search={line.spanId === '' ? {} : { span: line.spanId }}
                    >
                      ↗{shortId(line.traceId)}
                    </Link>
                  )}
                </div>
              );
            })}
          </div>
          {!isFollowing && lines.length > 0 && (
            <div className="fold" role="status">
              <span className="warn">▮▮ {t('paused')}</span>
              {waiting > 0 && <span>{t('newLines', { count: formatCount(waiting, language) })}</span>}
              <button type="button" onClick={() => void resume()}>
                {t('resume')} <kbd>End</kbd>
              </button>
            </div>
          )}
        </div>
      )}
    </div>
  );
}

/** Lines that were not shown yet, behind those that are held. */
function append(before: readonly StoredLine[], items: readonly StoredLine[]): StoredLine[] {
  const lastSeq = before.at(-1)?.seq ?? 0;
  return [...before, ...items.filter(({ seq }) => seq > lastSeq)].slice(-HELD_MAX);
}

const SHOWN_ELSEWHERE = new Set([
  'level',
  'log_level',
  'timestamp',
  'time',
  'service',
  'message',
  'trace_id',
  'span_id',
  'exc_info',
]);

function extraText({ fields, message }: StoredLine): string {
  const parts = Object.entries(fields)
    .filter(([name, value]) => !SHOWN_ELSEWHERE.has(name) && !(typeof value === 'string' && message.includes(value)))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const stack = typeof fields['exc_info'] === 'string' ? `\n${fields['exc_info']}` : '';
  return `${parts.length > 0 ? `  ${parts.join(' ')}` : ''}${stack}`;
}

function rawText(fields: StoredLine['fields'], message: string): string {
  return Object.keys(fields).length === 0 ? message : JSON.stringify(fields);
}
