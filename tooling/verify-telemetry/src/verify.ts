import { logEvents, matchLine, querySpans } from '@products/telemetry/contract';
import { type LogLine, type Observation, type ObservedService, observeStories } from './observe.js';
import { scrape, seriesOf } from './scrape.js';
import { type Story, stories } from './stories.js';
import { diffCounts, drawTree, rootsOf } from './tree.js';

/** What a request has left behind, and in what that differs from its story or from itself. */
export interface Verdict {
  readonly story: Story;
  readonly observation: Observation;
  readonly problems: readonly string[];
}

/**
 * Calls every route and procedure, and compares header, log lines, spans, metrics and exemplar of each request with its
 * story and with one another. Creates two products.
 *
 * @returns a verdict for each story, and what was wrong with all of them together
 */
export async function verifyTelemetry(service: ObservedService): Promise<{ verdicts: Verdict[]; problems: string[] }> {
  const before = await scrape(service.url);
  const spansBefore = service.agent.spans().length;
  const observations = await observeStories(service, stories);
  const verdicts = observations.map((observation, index) => {
    const story = stories[index] as Story;
    return { story, observation, problems: findProblems(story, observation) };
  });
  const after = await scrape(service.url);
  const grown = (name: string) => (after.values.get(name) ?? 0) - (before.values.get(name) ?? 0);
  const received = service.agent.spans().length - spansBefore;
  const expected = stories.reduce((count, { spans }) => count + spans.length, 0);
  return {
    verdicts,
    problems: [
      ...differ('spans received', received, expected),
      ...differ('spans_exported_total', grown('spans_exported_total'), received),
      ...differ('spans_dropped_total', grown('spans_dropped_total'), 0),
      ...differ('log_lines_dropped_total', grown('log_lines_dropped_total'), 0),
    ],
  };
}

/** In what an observation differs from its story, and its parts from one another. */
export function findProblems(story: Story, observation: Observation): string[] {
  return [
    ...differ('status', observation.status, story.status),
    ...findHeaderProblems(story, observation),
    ...findSpanProblems(story, observation),
    ...findLineProblems(story, observation),
    ...findMetricProblems(story, observation),
    ...findExemplarProblems(story, observation),
  ];
}

function findHeaderProblems({ spans: expected }: Story, { traceResponse, spans }: Observation): string[] {
  const [, , spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])$/.exec(traceResponse) ?? [];
  if (spanId === undefined) return [`traceresponse is malformed: "${traceResponse}"`];
  if (expected.length === 0) return differ('flags of traceresponse', flags, '00');
  const [root] = rootsOf(spans);
  return [
    ...differ('flags of traceresponse', flags, '01'),
    ...differ('span id of traceresponse', spanId, root?.spanId),
  ];
}

function findSpanProblems({ spans: expected, status, route }: Story, { spans }: Observation): string[] {
  const tree = drawTree(spans);
  const trim = (names: readonly string[]) => names.map((name) => name.trim());
  const counts = diffCounts(trim(expected), trim(tree)).map((difference) => `spans: ${difference}`);
  if (counts.length > 0 || expected.length === 0) return counts;
  const [root] = rootsOf(spans);
  return [
    ...differ('tree of spans', tree.join('\n'), expected.join('\n')),
    ...differ('tag http.status_code', Number(root?.tags['http.status_code']), status),
    ...differ('tag http.route', root?.tags['http.route'] ?? '(unmatched)', route),
    ...differ('tag error', root?.tags['error'] ?? false, status >= 500),
  ];
}

function findLineProblems({ lines: expected, status, route }: Story, { lines, spans, growth }: Observation): string[] {
  const problems: string[] = [];
  const events = lines.map((line) => {
    try {
      return matchLine(line);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  });
  problems.push(...diffCounts(expected, events.map(String)).map((difference) => `log lines: ${difference}`));
  if (problems.length > 0 || expected.length === 0) return problems;

  const completed = lines.at(-1) as LogLine;
  const spanNames = new Map(spans.map(({ spanId, operationName }) => [spanId, operationName]));
  const requestSpans = new Set(
    spans.filter(({ operationName }) => !(operationName in logSpans)).map(({ spanId }) => spanId),
  );
  lines.forEach((line, index) => {
    const event = events[index];
    if (event === undefined) return;
    const { span } = logEvents[event] as { span?: string };
    const spanId = String(line['span_id']);
    const isRight = span === 'request' ? requestSpans.has(spanId) : spanNames.get(spanId) === span;
    if (!isRight) problems.push(`span of "${line['message']}": ${spanNames.get(spanId) ?? 'none'} instead of ${span}`);
  });
  const method = String(completed['method']);
  const sum = growth.get(seriesOf('http_request_duration_seconds_sum', { method, path: route, status })) ?? 0;
  problems.push(
    ...differ('first line', events[0], 'request_received'),
    ...differ('last line', events.at(-1), 'request_completed'),
    ...differ('status of the last line', completed['status'], status),
    ...differ('route of the last line', completed['route'], route),
    ...differ('level of the last line', completed['level'], levelOf(status)),
    ...(Math.abs(sum * 1_000 - Number(completed['duration_ms'])) < 0.01
      ? []
      : [`duration: ${completed['duration_ms']} ms in the log, ${sum * 1_000} ms in the metric`]),
  );
  return problems;
}

/** Spans that are not the request's, nor, in a batch, its procedures'. */
const logSpans: Readonly<Record<string, unknown>> = { ...querySpans, simulate_slow_operation: {} };

function findMetricProblems({ request: { method }, route, status, spans }: Story, { growth }: Observation): string[] {
  const request = { method, path: route, status };
  const queries = spans.flatMap((name) => {
    const query: { operation: string; table?: string } | undefined = Object.entries(querySpans).find(
      ([span]) => span === name.trim(),
    )?.[1];
    return query?.table === undefined ? [] : [{ operation: query.operation, table: query.table }];
  });
  const expected = [
    seriesOf('http_requests_total', request),
    seriesOf('http_request_duration_seconds_count', request),
    ...queries.map((labels) => seriesOf('database_queries_total', labels)),
    ...queries.map((labels) => seriesOf('database_query_duration_seconds_count', labels)),
  ];
  const actual = [...growth]
    .filter(([series]) => !series.includes('_sum{'))
    .flatMap(([series, count]) => Array.from({ length: count }, () => series));
  return diffCounts(expected, actual).map((difference) => `metrics: ${difference}`);
}

function findExemplarProblems(
  { request: { method }, route, status, spans }: Story,
  { exemplars }: Observation,
): string[] {
  const labels = `method="${method}",path="${route}",status="${status}"`;
  const isRight = (series: string) =>
    series.startsWith('http_request_duration_seconds_bucket{') && series.includes(labels);
  const strangers = exemplars
    .filter((series) => !isRight(series))
    .map((series) => `exemplar of another series: ${series}`);
  return [...strangers, ...differ('exemplars', exemplars.length, spans.length === 0 ? 0 : 1)];
}

function differ(what: string, actual: unknown, expected: unknown): string[] {
  return actual === expected ? [] : [`${what}: ${actual} instead of ${expected}`];
}

function levelOf(status: number): string {
  if (status >= 500) return 'ERROR';
  return status >= 400 ? 'WARNING' : 'INFO';
}
