import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type SubmitEvent, useState } from 'react';
import { api } from './api.js';
import { useApp } from './app-state.js';
import { Choice, Text } from './fields.js';
import { formatClock, formatCount } from './format.js';
import { useServiceUrl, useStatus } from './layout.js';
import { Command, Duration, DurationBar, Empty, StatusText } from './parts.js';
import { Scatter } from './scatter.js';

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
