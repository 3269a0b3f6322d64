import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { api, type Overview, type TraceSummary } from './api.js';
import { useApp } from './app-state.js';
import { Chart, type Mark } from './chart.js';
import { formatBytes, formatClock, formatCount, formatDuration, formatPercent, formatRate } from './format.js';
import { useServiceUrl } from './layout.js';
import { Command, Empty, StatusText } from './parts.js';

export function readOverviewSearch(search: Record<string, unknown>): { route?: string } {
  return typeof search['route'] === 'string' ? { route: search['route'] } : {};
}

/** Most marks of a chart: per column the slowest, and each error. */
const COLUMNS = 60;
const FEW_REQUESTS = 20;

/** Rates, errors, latency, and the latest requests that failed or were slow. */
export function OverviewPage() {
  const { t, language, isLive, rangeMs } = useApp();
  const { route } = readOverviewSearch(useSearch({ strict: false }));
  const navigate = useNavigate();
  const serviceUrl = useServiceUrl();
  const { data } = useQuery({
    queryKey: ['overview', rangeMs, route],
    queryFn: () => api.overview.query({ rangeMs, ...(route !== undefined && { route }) }),
    refetchInterval: isLive ? 5_000 : false,
    placeholderData: (before) => before,
  });
  const marks = useMemo<Mark[]>(
    () =>
      pickExemplars(data).map((each) => ({
        time: each.timeMs / 1_000,
        value: each.value,
        isError: each.status.startsWith('5'),
        title: `${each.route} ${each.status} · ${formatDuration(each.value * 1e6, language)}${each.isKept ? '' : ` · ${t('gone')}`}`,
        open: each.isKept ? () => void navigate({ to: '/trace/$id', params: { id: each.traceId } }) : undefined,
      })),
    [data, language, navigate, t],
  );
  if (data === undefined) return null;
  if (data.times.length === 0 && data.routes.length === 0) {
    return (
      <div className="pad">
        <div className="panel">
          <Empty>
            {t('nothing')}
            <Command text={`curl ${serviceUrl ?? 'http://localhost:5000'}/products`} />
          </Empty>
        </div>
      </div>
    );
  }
  const { times, restarts } = data;
  const seconds = (value: number | null) => (value === null ? '—' : formatDuration(value * 1e6, language));
  const number = (value: number | null) => (value === null ? '—' : formatCount(Math.round(value * 10) / 10, language));
  // A percentile of few requests says little: how few is said.
  const lastRequests = data.requests.findLast((value) => value !== null);
  const isFew = typeof lastRequests === 'number' && lastRequests > 0 && lastRequests < FEW_REQUESTS;
  const isWeak = data.requests.map((count) => count !== null && count < FEW_REQUESTS);
  const shared = { times, restarts, group: 'overview' };
  return (
    <div className="pad">
      {route === undefined ? (
        <h1 className="hidden">{t('overview')}</h1>
      ) : (
        <div className="bar">
          <h1>{route}</h1>
          <Link to="/">{t('allRoutes')}</Link>
        </div>
      )}
      <div className="charts three">
        <Chart
          {...shared}
          title={t('rate')}
          height={160}
          format={(value) => formatRate(value, language)}
          series={[{ label: '', values: data.rate, color: '--accent' }]}
        />
        <Chart
          {...shared}
          title={`${t('errors')} 5xx`}
          height={160}
          format={(value) => formatPercent(value, language)}
          series={[{ label: '', values: data.errors, color: '--error' }]}
        />
        <Chart
          {...shared}
          title={t('latency')}
          {...(isFew && { note: t('few', { count: lastRequests ?? 0 }) })}
          height={160}
          format={seconds}
          marks={marks}
          series={[
            { label: 'p50', values: data.p50, color: '--muted', isWeak },
            { label: 'p95', values: data.p95, color: '--accent', isWeak },
            { label: 'p99', values: data.p99, color: '--text', isDashed: true, isWeak },
          ]}
        />
      </div>
      <div className="split">
        <Routes rows={data.routes} selected={route} />
        <Latest />
      </div>
      <div className="charts four">
        <Chart
          {...shared}
          title={t('queries')}
          height={120}
          format={(value) => formatRate(value, language)}
          series={[{ label: '', values: data.queries, color: '--sql' }]}
        />
        <Chart
          {...shared}
          title={t('pool')}
          height={120}
          format={number}
          series={[
            { label: language === 'fr' ? 'utilisées' : 'in use', values: data.poolUsed, color: '--accent' },
            { label: language === 'fr' ? 'attentes' : 'waiting', values: data.poolWaiting, color: '--warn' },
          ]}
        />
        <Chart
          {...shared}
          title={t('eventLoop')}
          height={120}
          format={seconds}
          series={[{ label: '', values: data.eventLoopLag, color: '--rpc' }]}
        />
        <Chart
          {...shared}
          title={t('memory')}
          height={120}
          format={(value) => formatBytes(value, language)}
          series={[{ label: '', values: data.memory, color: '--ok' }]}
        />
      </div>
    </div>
  );
}

function pickExemplars(data: Overview | undefined) {
  const { exemplars = [], times = [] } = data ?? {};
  const first = times[0] ?? 0;
  const step = Math.max(1, ((times.at(-1) ?? 0) - first) / COLUMNS);
  const slowest = new Map<string, (typeof exemplars)[number]>();
  for (const each of exemplars) {
    const column = Math.floor((each.timeMs / 1_000 - first) / step);
    const key = each.status.startsWith('5') ? each.traceId : String(column);
    if (each.value > (slowest.get(key)?.value ?? -1)) slowest.set(key, each);
  }
  return [...slowest.values()];
}

function Routes({ rows, selected }: { rows: Overview['routes']; selected: string | undefined }) {
  const { t, language } = useApp();
  const seconds = (value: number | null) => (value === null ? '—' : formatDuration(value * 1e6, language));
  return (
    <div className="panel" style={{ overflowX: 'auto' }}>
      <table>
        <thead>
          <tr>
            <th>{t('route')}</th>
            <th className="right">{t('requests')}</th>
            <th className="right">/s</th>
            <th className="right">5xx</th>
            <th className="right wide">p50</th>
            <th className="right">p95</th>
            <th className="right wide">p99</th>
            <th className="wide">
              <span className="hidden">{t('rate')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.route} aria-selected={row.route === selected}>
              <td className="main">
                <Link to="/" search={row.route === selected ? {} : { route: row.route }} className="rowlink">
                  {row.route}
                </Link>
              </td>
              <td className="right">{formatCount(row.requests, language)}</td>
              <td className="right">{formatRate(row.perSecond, language).replace('/s', '')}</td>
              <td className={`right ${row.errors > 0 ? 'error' : 'muted'}`}>{formatPercent(row.errors, language)}</td>
              <td className="right wide">{seconds(row.p50)}</td>
              <td className="right">{seconds(row.p95)}</td>
              <td className="right wide">{seconds(row.p99)}</td>
              <td className="wide">
                <Sparkline values={row.history} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Sparkline({ values }: { values: readonly (number | null)[] }) {
  const max = Math.max(1, ...values.map((value) => value ?? 0));
  const points = values.map(
    (value, index) => `${(index / Math.max(1, values.length - 1)) * 72},${18 - ((value ?? 0) / max) * 16}`,
  );
  return (
    <svg width="72" height="20" aria-hidden="true" style={{ display: 'block' }}>
      <polyline points={points.join(' ')} fill="none" stroke="var(--accent)" strokeWidth="1.5" />
    </svg>
  );
}

function Latest() {
  const { t, language, isLive, rangeMs } = useApp();
  const interval = isLive ? 3_000 : false;
  const since = () => ({ sinceUs: (Date.now() - rangeMs) * 1_000 });
  const failed = useQuery({
    queryKey: ['latest', 'errors', rangeMs],
    queryFn: () => api.traces.query({ isError: true, limit: 6, ...since() }),
    refetchInterval: interval,
  });
  const slow = useQuery({
    queryKey: ['latest', 'slow', rangeMs],
    queryFn: () => api.traces.query({ limit: 200, ...since() }),
    refetchInterval: interval,
    select: ({ items }) => [...items].sort((a, b) => b.durationUs - a.durationUs).slice(0, 6),
  });
  const list = (items: readonly TraceSummary[]) =>
    items.length === 0 ? (
      <p className="block muted">{t('none')}</p>
    ) : (
      <table>
        <tbody>
          {items.map((trace) => (
            <tr key={trace.traceId}>
              <td className="muted">{formatClock(trace.startUs / 1_000, language).slice(0, 8)}</td>
              <td className="main">
                <Link to="/trace/$id" params={{ id: trace.traceId }} className="rowlink">
                  {trace.name}
                </Link>
              </td>
              <td>
                <StatusText status={trace.status} errors={trace.errors} />
              </td>
              <td className="right">{formatDuration(trace.durationUs, language)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    );
  return (
    <div style={{ display: 'flex', flexDirection: 'column', gap: 12 }}>
      <section className="panel">
        <header>
          <h2>{t('latestErrors')}</h2>
        </header>
        {list(failed.data?.items ?? [])}
      </section>
      <section className="panel">
        <header>
          <h2>{t('latestSlow')}</h2>
        </header>
        {list(slow.data ?? [])}
      </section>
    </div>
  );
}
