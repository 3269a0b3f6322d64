import { readExposition, type Sample } from './exposition.js';

/** One exposition, as far as the overview needs it. */
export interface Scrape {
  readonly timeMs: number;
  readonly samples: readonly Sample[];
}

/** A series' values at the times of the scrapes; null where one is missing. */
type Values = (number | null)[];

interface Exemplar {
  readonly traceId: string;
  readonly timeMs: number;
  /** Seconds. */
  readonly value: number;
  readonly route: string;
  readonly status: string;
  /** Whether its trace is in the store. */
  readonly isKept: boolean;
}

interface RouteRow {
  readonly route: string;
  readonly perSecond: number;
  /** Part of the answers that are 5xx, 0 to 1. */
  readonly errors: number;
  /** Seconds; null without requests. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly requests: number;
  readonly history: Values;
}

export interface Overview {
  /** Seconds since 1970, of each scrape but the first. */
  readonly times: number[];
  /** Requests between a scrape and the one before. */
  readonly requests: Values;
  readonly rate: Values;
  readonly errors: Values;
  readonly p50: Values;
  readonly p95: Values;
  readonly p99: Values;
  readonly queries: Values;
  readonly poolUsed: Values;
  readonly poolSize: Values;
  readonly poolWaiting: Values;
  readonly eventLoopLag: Values;
  readonly memory: Values;
  readonly routes: RouteRow[];
  readonly exemplars: Exemplar[];
  /** Seconds since 1970 of the scrapes before which the service started anew. */
  readonly restarts: number[];
}

/** What the overview reads; the rest of an exposition is not kept. */
const NAMES = new Set([
  'http_requests_total',
  'http_request_duration_seconds_bucket',
  'database_queries_total',
  'database_connection_pool',
  'nodejs_eventloop_lag_p99_seconds',
  'process_resident_memory_bytes',
  'process_start_time_seconds',
]);

export function readScrape(timeMs: number, text: string): Scrape {
  return { timeMs, samples: readExposition(text).filter(({ name }) => NAMES.has(name)) };
}

const routeOf = ({ labels }: Sample) => `${labels['method']} ${labels['path']}`;
const isServerError = ({ labels }: Sample) => labels['status']?.startsWith('5') === true;

/**
 * Rates, percentiles and gauges between each scrape and the one before.
 *
 * @param route only of requests of this route
 * @param isKept whether a trace is in the store
 * @param stepMs how often the service is asked: a longer gap is a missing scrape
 */
export function summarize(
  scrapes: readonly Scrape[],
  stepMs: number,
  isKept: (traceId: string) => boolean,
  route?: string,
): Overview {
  const overview: Overview = {
    times: [],
    requests: [],
    rate: [],
    errors: [],
    p50: [],
    p95: [],
    p99: [],
    queries: [],
    poolUsed: [],
    poolSize: [],
    poolWaiting: [],
    eventLoopLag: [],
    memory: [],
    routes: [],
    exemplars: [],
    restarts: [],
  };
  const exemplars = new Map<string, Omit<Exemplar, 'isKept'>>();
  const isWanted = (sample: Sample) => route === undefined || routeOf(sample) === route;
  for (const [index, scrape] of scrapes.entries()) {
    const before = scrapes[index - 1];
    for (const sample of scrape.samples) {
      const { exemplar, labels } = sample;
      if (exemplar === undefined || !isWanted(sample)) continue;
      exemplars.set(exemplar.traceId, { ...exemplar, route: routeOf(sample), status: labels['status'] ?? '' });
    }
    if (before === undefined) continue;
    const isGap = scrape.timeMs - before.timeMs > 1.5 * stepMs;
    if (isGap) pushAll(overview, (before.timeMs + stepMs) / 1_000, nothing);
    const isRestart = startOf(before) !== startOf(scrape);
    if (isRestart) overview.restarts.push(scrape.timeMs / 1_000);
    const isKnown = !isGap && !isRestart;
    pushAll(overview, scrape.timeMs / 1_000, pointOf(before, scrape, isKnown, isWanted));
  }
  for (const exemplar of exemplars.values()) {
    overview.exemplars.push({ ...exemplar, isKept: isKept(exemplar.traceId) });
  }
  overview.routes.push(...routesOf(scrapes));
  return overview;
}

type Point = Record<Exclude<keyof Overview, 'times' | 'routes' | 'exemplars' | 'restarts'>, number | null>;

const nothing: Point = {
  requests: null,
  rate: null,
  errors: null,
  p50: null,
  p95: null,
  p99: null,
  queries: null,
  poolUsed: null,
  poolSize: null,
  poolWaiting: null,
  eventLoopLag: null,
  memory: null,
};

function pushAll(overview: Overview, time: number, point: Point): void {
  overview.times.push(time);
  for (const [name, value] of Object.entries(point)) overview[name as keyof Point].push(value);
}

function pointOf(before: Scrape, after: Scrape, isKnown: boolean, isWanted: (sample: Sample) => boolean): Point {
  const seconds = (after.timeMs - before.timeMs) / 1_000;
  const difference = (keep: (sample: Sample) => boolean) => sum(after.samples, keep) - sum(before.samples, keep);
  const requests = difference((each) => each.name === 'http_requests_total' && isWanted(each));
  const failed = difference((each) => each.name === 'http_requests_total' && isWanted(each) && isServerError(each));
  const quantile = quantilesOf(before, after, isWanted);
  const pool = (status: string) =>
    gauge(after, (each) => each.name === 'database_connection_pool' && each.labels['status'] === status);
  return {
    requests: isKnown ? requests : null,
    rate: isKnown ? requests / seconds : null,
    errors: isKnown && requests > 0 ? failed / requests : null,
    p50: isKnown ? quantile(0.5) : null,
    p95: isKnown ? quantile(0.95) : null,
    p99: isKnown ? quantile(0.99) : null,
    queries: isKnown ? difference((each) => each.name === 'database_queries_total') / seconds : null,
    poolUsed: pool('checked_out'),
    poolSize: pool('size'),
    poolWaiting: pool('waiting'),
    eventLoopLag: gauge(after, (each) => each.name === 'nodejs_eventloop_lag_p99_seconds'),
    memory: gauge(after, (each) => each.name === 'process_resident_memory_bytes'),
  };
}

/** The routes over the whole time, the busiest first. */
function routesOf(scrapes: readonly Scrape[]): RouteRow[] {
  const first = scrapes[0];
  const last = scrapes.at(-1);
  if (first === undefined || last === undefined) return [];
  const seconds = (last.timeMs - first.timeMs) / 1_000;
  const routes = new Set(last.samples.filter(({ name }) => name === 'http_requests_total').map(routeOf));
  return [...routes]
    .map((route) => {
      const isOfRoute = (each: Sample) => routeOf(each) === route;
      const isCount = (each: Sample) => each.name === 'http_requests_total' && isOfRoute(each);
      const increases = pairs(scrapes).map(([before, after]) => increase(before, after, isCount));
      const requests = increases.reduce((total, each) => total + each, 0);
      const failures = pairs(scrapes).map(([before, after]) =>
        increase(before, after, (each) => isCount(each) && isServerError(each)),
      );
      const failed = failures.reduce((total, each) => total + each, 0);
      const quantile = quantilesOf(startOf(first) === startOf(last) ? first : undefined, last, isOfRoute);
      return {
        route,
        perSecond: seconds > 0 ? requests / seconds : 0,
        errors: requests > 0 ? failed / requests : 0,
        p50: quantile(0.5),
        p95: quantile(0.95),
        p99: quantile(0.99),
        requests,
        history: increases.slice(-60),
      };
    })
    .sort((a, b) => b.requests - a.requests);
}

function pairs(scrapes: readonly Scrape[]): (readonly [Scrape, Scrape])[] {
  return scrapes.slice(1).map((after, index) => [scrapes[index] as Scrape, after]);
}

/** Of a counter; it begins at 0 again with the service. */
function increase(before: Scrape, after: Scrape, keep: (sample: Sample) => boolean): number {
  const now = sum(after.samples, keep);
  return startOf(before) === startOf(after) ? now - sum(before.samples, keep) : now;
}

function startOf({ samples }: Scrape): number | undefined {
  return samples.find(({ name }) => name === 'process_start_time_seconds')?.value;
}

/** Interpolated within the bucket, as Prometheus does (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile). */
function quantilesOf(before: Scrape | undefined, after: Scrape, isWanted: (sample: Sample) => boolean) {
  const counts = new Map<number, number>();
  const add = ({ samples }: Scrape, sign: number) => {
    for (const sample of samples) {
      if (sample.name !== 'http_request_duration_seconds_bucket' || !isWanted(sample)) continue;
      const bound = sample.labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(sample.labels['le']);
      counts.set(bound, (counts.get(bound) ?? 0) + sign * sample.value);
    }
  };
  add(after, 1);
  if (before !== undefined) add(before, -1);
  const buckets = [...counts].sort(([a], [b]) => a - b);
  const total = buckets.at(-1)?.[1] ?? 0;
  return (quantile: number): number | null => {
    if (total <= 0) return null;
    const rank = quantile * total;
    let lower = 0;
    let below = 0;
    for (const [bound, count] of buckets) {
      if (count >= rank) {
        if (bound === Number.POSITIVE_INFINITY) return lower;
        return lower + ((bound - lower) * (rank - below)) / Math.max(count - below, 1e-9);
      }
      lower = bound;
      below = count;
    }
    return lower;
  };
}

function sum(samples: readonly Sample[], keep: (sample: Sample) => boolean): number {
  let total = 0;
  for (const sample of samples) if (keep(sample)) total += sample.value;
  return total;
}

function gauge(scrape: Scrape, keep: (sample: Sample) => boolean): number | null {
  return scrape.samples.some(keep) ? sum(scrape.samples, keep) : null;
}
