import { setTimeout as sleep } from 'node:timers/promises';
import type { JaegerAgent, JaegerSpan } from '@products/jaeger';
import type { Client } from '../client.js';
import { growthOf, seriesOf } from '../exposition.js';
import type { LogLine, ReadLines } from '../log-file.js';
import type { Expectation } from '../request.js';

export interface ObservedService {
  readonly url: string;
  /** Every line of its log so far, or since the observation began. */
  readonly lines: ReadLines;
  /** The agent that it sends its spans to. */
  readonly agent: Pick<JaegerAgent, 'spans'>;
}

/** What one request left behind. */
export interface Observation {
  readonly status: number;
  /** The header `traceresponse`; empty when there is none. */
  readonly traceResponse: string;
  readonly lines: readonly LogLine[];
  readonly spans: readonly JaegerSpan[];
  /** By how much each series of {@link comparedMetrics} has grown. */
  readonly growth: ReadonlyMap<string, number>;
  /** Series whose exemplar names its trace. */
  readonly exemplars: readonly string[];
}

/** The metrics that requests make grow by known amounts; of the duration, also its sum. */
const comparedMetrics = [
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

/** Makes the requests one after the other and collects what each leaves behind, in a service without other clients. */
export async function observeAll(
  { lines, agent }: ObservedService,
  client: Client,
  expectations: readonly Expectation[],
) {
  const pending: { expectation: Expectation; traceId: string; observed: Awaited<ReturnType<typeof observe>> }[] = [];
  for (const expectation of expectations) {
    const observed = await observe(client, expectation);
    pending.push({ expectation, traceId: traceIdOf(observed.traceResponse), observed });
  }
  const spansOf = (traceId: string) => agent.spans().filter((span) => span.traceId === traceId);
  await sleep(SETTLED_AFTER_MS);
  await until(
    () => pending.every(({ expectation, traceId }) => spansOf(traceId).length >= expectation.spans.length),
    SENT_WITHIN_MS,
  );
  return pending.map(({ expectation, traceId, observed }) => ({
    expectation,
    observation: {
      ...observed,
      spans: spansOf(traceId),
      lines: lines().filter((line) => line['trace_id'] === traceId && line['level'] !== 'DEBUG'),
    },
  }));
}

async function observe(client: Client, { request, route, isMeasured }: Expectation) {
  const scrape = () => client.scrape('application/openmetrics-text');
  const before = await scrape();
  const { status, headers } = await client.send(request);
  const traceResponse = headers['traceresponse'] ?? '';

  let after = before;
  const series = seriesOf('http_requests_total', { method: request.method, path: route, status });
  const isCounted = async () => {
    after = await scrape();
    return !isMeasured || growthOf(before, after).has(series);
  };
  await until(isCounted, COUNTED_WITHIN_MS);
  const exemplars = [...after.samples].filter(([, { traceId }]) => traceId === traceIdOf(traceResponse));
  return {
    status,
    traceResponse,
    growth: new Map([...growthOf(before, after)].filter(([series]) => isCompared(series))),
    exemplars: exemplars.map(([name]) => name),
  };
}

const traceIdOf = (traceResponse: string) => traceResponse.split('-')[1] ?? '';

const isCompared = (series: string) => comparedMetrics.includes(series.split('{')[0] ?? '');

async function until(isDone: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isDone()) && performance.now() < deadline) await sleep(POLL_EVERY_MS);
}
