import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { api } from './api.js';
import { useApp, useKeys } from './app-state.js';
import { formatClock, formatCount, formatDuration } from './format.js';

// Not part of the first load.
const ModalDialog = lazy(() => import('./modal-dialog.js'));

const RANGES = [300_000, 900_000, 3_600_000];

/** State of the console and of the service that it was started with. */
export function useStatus() {
  const { isLive } = useApp();
  return useQuery({
    queryKey: ['status'],
    queryFn: () => api.status.query(),
    refetchInterval: isLive ? 2_000 : 5_000,
    // One that does not answer is said at once.
    retry: false,
  });
}

/** Where the service's routes are; undefined while that is not known. */
export function useServiceUrl(): string | undefined {
  return useStatus().data?.observed.url;
}

const pages = [
  ['overview', '/'],
  ['traces', '/traces'],
  ['logs', '/logs'],
  ['products', '/products'],
] as const;

export function Layout() {
  const { t, language, isLive, rangeMs, theme, hasLetterKeys, change } = useApp();
  const [isHelpOpen, setHelpOpen] = useState(false);
  const navigate = useNavigate();
  const awaitsPage = useRef(false);
  const go = (to: string) => () => {
    if (!awaitsPage.current) return false;
    awaitsPage.current = false;
    void navigate({ to });
    return true;
  };
  const keys = useMemo(
    () => ({
      g: () => {
        awaitsPage.current = true;
        setTimeout(() => {
          awaitsPage.current = false;
        }, 1_500);
      },
      o: go('/'),
      t: go('/traces'),
      l: go('/logs'),
      p: go('/products'),
      '.': () => change({ isLive: !isLive }),
      '?': () => setHelpOpen(true),
      '/': () => document.querySelector<HTMLInputElement>('[data-search]')?.focus(),
    }),
    [isLive, change, go],
  );
  useKeys(keys);
  return (
    <div className="app">
      <header className="header">
        <Service />
        <nav aria-label="Console">
          {pages.map(([name, to]) => (
            <Link key={to} to={to} activeOptions={{ exact: to === '/' }}>
              {t(name)}
            </Link>
          ))}
        </nav>
        <span className="grow" />
        <button type="button" aria-pressed={isLive} onClick={() => change({ isLive: !isLive })} title=".">
          {isLive ? <span className="ok">● {t('live')}</span> : <span className="warn">▮▮ {t('paused')}</span>}
        </button>
        <select
          className="wide"
          aria-label={t('time')}
          value={rangeMs}
          onChange={(event) => change({ rangeMs: Number(event.target.value) })}
        >
          {RANGES.map((each) => (
            <option key={each} value={each}>
              {each / 60_000} min
            </option>
          ))}
        </select>
        <button
          type="button"
          className="quiet wide"
          title={t('language')}
          onClick={() => change({ language: language === 'en' ? 'fr' : 'en' })}
        >
          {language === 'en' ? 'FR' : 'EN'}
        </button>
        <button
          type="button"
          className="quiet"
          title={t('theme')}
          aria-label={t('theme')}
          onClick={() => change({ theme: theme === 'dark' ? 'light' : 'dark' })}
        >
          ◐
        </button>
        <button type="button" className="quiet wide" aria-label={t('help')} onClick={() => setHelpOpen(true)}>
          ?
        </button>
      </header>
      <News />
      <main>
        <Outlet />
      </main>
      {isHelpOpen && (
        <Suspense>
          <ModalDialog title={t('help')} onClose={() => setHelpOpen(false)}>
            <dl className="keys">
              {HELP.map(([key, en, fr]) => (
                <Fragments key={key} keys={key} text={language === 'fr' ? fr : en} />
              ))}
            </dl>
            <label className="inline">
              <input
                type="checkbox"
                checked={hasLetterKeys}
                onChange={(event) => change({ hasLetterKeys: event.target.checked })}
              />
              {t('lettersOff')}
            </label>
          </ModalDialog>
        </Suspense>
      )}
    </div>
  );
}

const HELP = [
  ['g o, g t, g l, g p', 'Overview, Traces, Logs, Products', 'Vue d’ensemble, Traces, Journaux, Produits'],
  ['/', 'Search', 'Chercher'],
  ['.', 'Live or paused', 'En direct ou en pause'],
  ['↑ ↓ Home End', 'Rows', 'Lignes'],
  ['→ ←', 'Open or child, close or parent', 'Déplier ou enfant, replier ou parent'],
  [
    'Enter, Esc',
    'Details, back to the row, back to where one was',
    'Détails, retour à la ligne, retour d’où l’on vient',
  ],
  ['e E', 'Next, previous error', 'Erreur suivante, précédente'],
  ['n N', 'Next, previous match', 'Résultat suivant, précédent'],
  ['c l', 'Critical path, lines', 'Chemin critique, lignes'],
  ['[ ]', 'Fold or expand all', 'Tout replier ou déplier'],
  ['+ − 0', 'Zoom, whole trace', 'Zoom, trace entière'],
  ['Shift+← →', 'Earlier, later', 'Avant, après'],
  ['y', 'Copy the id', 'Copier l’id'],
] as const;

function Fragments({ keys, text }: { keys: string; text: string }) {
  return (
    <>
      <dt>
        <kbd>{keys}</kbd>
      </dt>
      <dd>{text}</dd>
    </>
  );
}

/** The service, its state, how long it has run, its database. */
function Service() {
  const { t, language } = useApp();
  const { data } = useStatus();
  if (data === undefined) return <strong>Console</strong>;
  const { observed, nowMs, isReady, version } = data;
  const isUp = observed.state === 'up';
  const sign = isUp ? <span className="ok">●</span> : <span className="warn">○</span>;
  const name = observed.name || 'console';
  return (
    <span
      className="cut"
      title={[
        observed.url,
        observed.startedAt && new Date(observed.startedAt).toISOString(),
        observed.database && `${t('database')} ${observed.database}`,
      ]
        .filter(Boolean)
        .join(' ')}
    >
      <strong>{name}</strong> {sign}{' '}
      <span className="muted wide">
        {observed.state === 'starting' && t('starting')}
        {isUp && version !== undefined && `${version} · `}
        {isUp &&
          observed.startedAt !== undefined &&
          `${t('up')} ${formatDuration(Math.max(0, nowMs - observed.startedAt) * 1_000, language)}`}
        {isUp && observed.database !== undefined && ` · ${t('database')} ${observed.database}`}
      </span>
      {isUp && isReady === false && <span className="error"> ✕ {t('databaseDown')}</span>}
    </span>
  );
}

/** What a person should know: a service that stopped, spans lost, a console that does not answer. */
function News() {
  const { t, language } = useApp();
  const { data, isError, dataUpdatedAt } = useStatus();
  const [frozenAt, setFrozenAt] = useState(0);
  useEffect(() => {
    if (!isError) setFrozenAt(dataUpdatedAt);
  }, [isError, dataUpdatedAt]);
  const news: { text: string; isBad: boolean }[] = [];
  if (isError)
    news.push({ text: t('consoleStopped', { time: formatClock(frozenAt, language).slice(0, 8) }), isBad: true });
  const { observed, losses, problems = [], refused = [], refusedCount = 0 } = data ?? {};
  if (observed?.state === 'stopped') {
    const time = formatClock(observed.stoppedAt ?? 0, language).slice(0, 8);
    news.push({ text: t('serviceStopped', { code: observed.code ?? '', time }), isBad: true });
  }
  if (losses !== undefined && losses.droppedLines > 0) {
    news.push({ text: t('droppedLines', { count: formatCount(losses.droppedLines, language) }), isBad: true });
  }
  if (losses !== undefined && losses.droppedSpans > 0) {
    news.push({ text: t('dropped', { count: formatCount(losses.droppedSpans, language) }), isBad: true });
  }
  if (refusedCount > 0) {
    news.push({
      text: t('refusedNews', { count: formatCount(refusedCount, language), last: refused.at(-1) ?? '' }),
      isBad: false,
    });
  }
  for (const problem of problems) news.push({ text: problem, isBad: true });
  return (
    <div role="status">
      {news.map(({ text, isBad }) => (
        <div key={text} className={`news${isBad ? ' bad' : ''}`}>
          <span aria-hidden>⚠</span>
          <span className="cut" title={text}>
            {text}
          </span>
        </div>
      ))}
    </div>
  );
}
