import { setTimeout as sleep } from 'node:timers/promises';
import type { JaegerAgent, JaegerSpan } from '@products/jaeger';
import { growthOf, type Scrape, scrape, seriesOf } from './scrape.js';
import type { Story } from './stories.js';

/** A parsed line of the service's log. */
export type LogLine = Readonly<Record<string, unknown>>;

export interface ObservedService {
  readonly url: string;
  /** Every line of its log so far, or since the observation began. */
  readonly lines: () => readonly LogLine[];
  /** The agent that it sends its spans to. */
  readonly agent: Pick<JaegerAgent, 'spans'>;
}

/** What one request has left behind. */
export interface Observation {
  readonly status: number;
  /** The header `traceresponse`; empty when there is none. */
  readonly traceResponse: string;
  readonly lines: readonly LogLine[];
  readonly spans: readonly JaegerSpan[];
  /** By how much each series of {@link comparedFamilies} has grown. */
  readonly growth: ReadonlyMap<string, number>;
  /** Series whose exemplar names its trace. */
  readonly exemplars: readonly string[];
}

/** The samples that requests make grow by known amounts; of the duration, also its sum. */
const comparedFamilies = [
  'http_requests_total',
  'http_request_duration_seconds_count',
  'http_request_duration_seconds_sum',
  'database_queries_total',
  'database_query_duration_seconds_count',
];

/** The service counts a request once its response is closed, which may be after the client has read it. */
const COUNTED_WITHIN_MS = 3_000;
/** The service sends its spans every second. */
const SENT_WITHIN_MS = 6_000;
const SETTLED_AFTER_MS = 1_500;
const POLL_EVERY_MS = 20;

/** Makes the requests one after the other, and collects what each leaves behind. Nobody else may use the service. */
export async function observeStories(service: ObservedService, stories: readonly Story[]): Promise<Observation[]> {
  const pending: { story: Story; observed: Awaited<ReturnType<typeof observe>> }[] = [];
  let created = '';
  for (const story of stories) {
    const observed = await observe(service, story, created);
    created ||= String(observed.body.id ?? '');
    pending.push({ story, observed });
  }
  const spansOf = ({ traceId }: { traceId: string }) =>
    service.agent.spans().filter((span) => span.traceId === traceId);
  const allArrived = () => pending.every(({ story, observed }) => spansOf(observed).length >= story.spans.length);
  await sleep(SETTLED_AFTER_MS);
  await until(allArrived, SENT_WITHIN_MS);
  return pending.map(({ observed: { body: _, traceId, ...observed } }) => ({
    ...observed,
    spans: spansOf({ traceId }),
    lines: service.lines().filter((line) => line['trace_id'] === traceId && line['level'] !== 'DEBUG'),
  }));
}

async function observe({ url }: ObservedService, { request, route, status }: Story, created: string) {
  const { method, path, body } = request;
  const before = await scrape(url);
  const response = await fetch(`${url}${path.replace('{created}', created)}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const traceResponse = response.headers.get('traceresponse') ?? '';
  const traceId = traceResponse.split('-')[1] ?? '';

  // Every scrape is itself a request that the next one counts.
  let scrapes = 0;
  let after: Scrape = before;
  const isCounted = async () => {
    after = await scrape(url);
    scrapes += 1;
    const series = seriesOf('http_requests_total', { method, path: route, status: response.status });
    return (growthOf(before, after).get(series) ?? 0) > (route === '/metrics' ? scrapes : 0);
  };
  await until(isCounted, COUNTED_WITHIN_MS);
  const growth = withoutScrapes(growthOf(before, after), scrapes);
  const isJson = method === 'POST' && status === 201;
  return {
    status: response.status,
    traceResponse,
    traceId,
    growth,
    exemplars: after.exemplars.get(traceId) ?? [],
    body: (isJson ? JSON.parse(text) : {}) as { id?: number },
  };
}

/** What the compared series have grown by beside our own scrapes; of those, the sum of durations is not known. */
function withoutScrapes(growth: ReadonlyMap<string, number>, scrapes: number): Map<string, number> {
  const kept = [...growth].filter(([series]) => comparedFamilies.includes(series.split('{')[0] ?? ''));
  const own = (series: string) => /method="GET",path="\/metrics",status="200"/.test(series);
  return new Map(
    kept
      .filter(([series]) => !(own(series) && series.includes('_sum')))
      .map(([series, value]) => [series, own(series) ? value - scrapes : value] as const)
      .filter(([, value]) => value !== 0),
  );
}

async function until(isDone: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isDone()) && Date.now() < deadline) await sleep(POLL_EVERY_MS);
}
