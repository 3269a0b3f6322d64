import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type PointerEvent, type SubmitEvent, useEffect, useRef, useState } from 'react';
import { api, type TraceSummary } from './api.js';
import { useApp } from './app-state.js';
import { formatClock, formatCount, formatDuration } from './format.js';
import { useServiceUrl, useStatus } from './layout.js';
import { Command, Duration, DurationBar, Empty, StatusText } from './parts.js';

interface Search {
  service?: string;
  operation?: string;
  status?: string;
  min?: number;
  max?: number;
  tags?: string;
  errors?: boolean;
  /** Milliseconds since 1970: a part of the plot that was dragged over. */
  from?: number;
  to?: number;
}

export function readTracesSearch(search: Record<string, unknown>): Search {
  const text = (name: string) =>
    search[name] === undefined || search[name] === '' ? {} : { [name]: String(search[name]) };
  const number = (name: string) =>
    Number.isFinite(Number(search[name] ?? Number.NaN)) ? { [name]: Number(search[name]) } : {};
  return {
    ...text('service'),
    ...text('operation'),
    ...text('status'),
    ...text('tags'),
    ...number('min'),
    ...number('max'),
    ...number('from'),
    ...number('to'),
    ...(search['errors'] === true && { errors: true }),
  };
}

/** `key=value key2="a b"`. */
function readTags(text: string | undefined): Record<string, string> | undefined {
  if (text === undefined) return undefined;
  const pairs = [...text.matchAll(/([^\s=]+)=(?:"([^"]*)"|(\S+))/g)];
  return Object.fromEntries(pairs.map(([, key = '', quoted, plain]) => [key, quoted ?? plain ?? '']));
}

/** Traces by what they have, the newest first. */
export function TracesPage() {
  const { t, language, isLive, rangeMs } = useApp();
  const search = readTracesSearch(useSearch({ strict: false }));
  const navigate = useNavigate({ from: '/traces' });
  const serviceUrl = useServiceUrl();
  const [ticked, setTicked] = useState<readonly string[]>([]);
  const { data, error } = useQuery({
    queryKey: ['traces', search, rangeMs],
    queryFn: () => {
      const tags = readTags(search.tags);
      return api.traces.query({
        sinceUs: (search.from ?? Date.now() - rangeMs) * 1_000,
        ...(search.to !== undefined && { untilUs: search.to * 1_000 }),
        ...(search.service !== undefined && { service: search.service }),
        ...(search.operation !== undefined && { operation: search.operation }),
        ...(search.status !== undefined && { status: search.status }),
        ...(search.min !== undefined && { minDurationUs: search.min * 1_000 }),
        ...(search.max !== undefined && { maxDurationUs: search.max * 1_000 }),
        ...(search.errors === true && { isError: true }),
        ...(tags !== undefined && { tags }),
      });
    },
    refetchInterval: isLive && search.to === undefined ? 2_000 : false,
    placeholderData: (before) => before,
  });
  const items = data?.items ?? [];
  const maxUs = Math.max(1, ...items.map(({ durationUs }) => durationUs));
  const hasFilter = Object.keys(search).length > 0;
  const tick = (id: string) =>
    setTicked((before) => (before.includes(id) ? before.filter((each) => each !== id) : [...before, id].slice(-2)));
  const [a, b] = ticked;
  return (
    <div className="pad">
      <h1 className="hidden">{t('traces')}</h1>
      <Filters search={search} shown={items.length} total={data?.matching ?? 0} />
      {error !== null && <p className="error">{error.message}</p>}
      <Scatter
        items={items}
        onRange={(from, to) => void navigate({ search: { ...search, from, to } })}
        onOpen={(id) => void navigate({ to: '/trace/$id', params: { id } })}
      />
      <div className="panel" style={{ overflowX: 'auto' }}>
        {items.length === 0 && data !== undefined ? (
          <Empty>
            {data.outside > 0 || hasFilter ? (
              <>
                {t('noMatch', { range: `${rangeMs / 60_000} min`, count: formatCount(data.outside, language) })}
                <Link to="/traces">{t('clear')}</Link>
              </>
            ) : (
              <>
                {t('nothing')}
                <Command text={`curl ${serviceUrl ?? 'http://localhost:5000'}/products`} />
              </>
            )}
          </Empty>
        ) : (
          <table className="stacked">
            <thead>
              <tr>
                <th className="wide">
                  <button
                    type="button"
                    disabled={a === undefined || b === undefined}
                    title={t('comparePick')}
                    onClick={() => void navigate({ to: '/compare', search: { a: a ?? '', b: b ?? '' } })}
                  >
                    {t('compare')}
                  </button>
                </th>
                <th>{t('time')}</th>
                <th>{t('route')}</th>
                <th>{t('status')}</th>
                <th className="right">{t('duration')}</th>
                <th className="wide">
                  <span className="hidden">{t('duration')}</span>
                </th>
                <th className="right wide">{t('spans')}</th>
                <th className="right wide">{t('errors')}</th>
                <th className="right wide">{t('lines')}</th>
              </tr>
            </thead>
            <tbody>
              {items.map((trace) => (
                <tr key={trace.traceId} aria-selected={ticked.includes(trace.traceId)}>
                  <td className="wide">
                    <input
                      type="checkbox"
                      aria-label={`${t('compare')} ${trace.name}`}
                      checked={ticked.includes(trace.traceId)}
                      onChange={() => tick(trace.traceId)}
                    />
                  </td>
                  <td className="muted time-of" title={new Date(trace.startUs / 1_000).toISOString()}>
                    {formatClock(trace.startUs / 1_000, language)}
                  </td>
                  <td className="main">
                    <Link
                      to="/trace/$id"
                      params={{ id: trace.traceId }}
                      className="rowlink"
                      title={`${trace.service} ${trace.name}`}
                    >
                      {trace.name}
                    </Link>
                  </td>
                  <td className="status-of">
                    <StatusText status={trace.status} errors={trace.errors} />
                  </td>
                  <td className="right">
                    <Duration us={trace.durationUs} />
                  </td>
                  <td className="wide" style={{ minWidth: 84 }}>
                    <DurationBar us={trace.durationUs} maxUs={maxUs} isError={trace.errors > 0} />
                  </td>
                  <td className="right wide">{trace.spans}</td>
                  <td className={`right wide ${trace.errors > 0 ? 'error' : 'muted'}`}>{trace.errors}</td>
                  <td className="right wide muted">{trace.lines}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </div>
  );
}

function Filters({ search, shown, total }: { search: Search; shown: number; total: number }) {
  const { t, language } = useApp();
  const navigate = useNavigate({ from: '/traces' });
  const [isOpen, setOpen] = useState(false);
  const { data: services = [] } = useQuery({
    queryKey: ['operations'],
    queryFn: () => api.operations.query(),
    refetchInterval: 10_000,
  });
  const set = (next: Partial<Record<keyof Search, string | number | boolean | undefined>>) =>
    void navigate({ search: (before) => readTracesSearch({ ...before, ...next }), replace: true });
  const operations = services.filter(({ service }) => search.service === undefined || service === search.service);
  const names = [...new Set(operations.flatMap((each) => each.operations))].sort();
  const openById = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const id = String(new FormData(event.currentTarget).get('id') ?? '').trim();
    if (/^[\da-f]{1,32}$/i.test(id)) void navigate({ to: '/trace/$id', params: { id } });
  };
  const removed = useStatus().data?.losses.removedSpans ?? 0;
  const active = Object.keys(search).length;
  return (
    <div className="bar filters" data-open={isOpen}>
      <button type="button" className="narrow" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {t('filters')}
        {active > 0 && ` (${active})`}
      </button>
      <Text
        name={t('tags')}
        placeholder="http.route=/products"
        value={search.tags}
        set={(tags) => set({ tags })}
        isSearch
      />
      <Choice
        name={t('service')}
        value={search.service}
        values={services.map(({ service }) => service)}
        set={(service) => set({ service })}
      />
      <Choice name={t('operation')} value={search.operation} values={names} set={(operation) => set({ operation })} />
      <Choice
        name={t('status')}
        value={search.status}
        values={['2xx', '3xx', '4xx', '5xx', '404', '503']}
        set={(status) => set({ status })}
      />
      <Text name={t('minDuration')} value={search.min} set={(min) => set({ min })} width={104} />
      <Text name={t('maxDuration')} value={search.max} set={(max) => set({ max })} width={104} />
      <label className="inline">
        <input
          type="checkbox"
          checked={search.errors === true}
          onChange={(event) => set({ errors: event.target.checked || undefined })}
        />
        {t('onlyErrors')}
      </label>
      <form onSubmit={openById} style={{ padding: 0, flexDirection: 'row' }}>
        <input name="id" aria-label={t('traceId')} placeholder={t('traceId')} className="mono" style={{ width: 132 }} />
      </form>
      {active > 0 && (
        <Link to="/traces" search={{}}>
          {t('clear')}
        </Link>
      )}
      <span className="grow" />
      <span className="muted nowrap always">
        {t('of', { shown: formatCount(shown, language), total: formatCount(total, language) })}
        {removed > 0 && ` · ${t('removed', { count: formatCount(removed, language) })}`}
      </span>
    </div>
  );
}

export function Choice({
  name,
  value,
  values,
  set,
}: {
  name: string;
  value: string | undefined;
  values: readonly string[];
  set: (value: string | undefined) => void;
}) {
  const { t } = useApp();
  return (
    <select
      aria-label={name}
      value={value ?? ''}
      onChange={(event) => set(event.target.value || undefined)}
      style={{ maxWidth: 200 }}
    >
      <option value="">{`${name}: ${t('any')}`}</option>
      {values.map((each) => (
        <option key={each}>{each}</option>
      ))}
    </select>
  );
}

/** A field whose value counts once the person has paused. */
export function Text({
  name,
  value,
  set,
  placeholder,
  width = 200,
  isSearch = false,
}: {
  name: string;
  value: string | number | undefined;
  set: (value: string | undefined) => void;
  placeholder?: string;
  width?: number;
  isSearch?: boolean;
}) {
  const [text, setText] = useState(String(value ?? ''));
  const sent = useRef(String(value ?? ''));
  // What comes from elsewhere, and not what was typed here, cut of its spaces.
  useEffect(() => {
    if (String(value ?? '') === sent.current) return;
    sent.current = String(value ?? '');
    setText(sent.current);
  }, [value]);
  useEffect(() => {
    if (text.trim() === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text.trim();
      set(text.trim() || undefined);
    }, 250);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <input
      aria-label={name}
      placeholder={placeholder ?? name}
      value={text}
      onChange={(event) => setText(event.target.value)}
      style={{ width }}
      {...(isSearch && { 'data-search': true })}
    />
  );
}

const HEIGHT = 140;
const LEFT = 64;

/** Duration over time; each point is a trace. Dragging chooses a part of the time. */
function Scatter({
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
