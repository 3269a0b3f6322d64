import { querySpans } from '@products/telemetry/contract';
import { seriesOf } from '../exposition.js';
import type { Expectation } from '../request.js';
import { compare, compareCounts } from './compare.js';
import { findLineProblems } from './find-line-problems.js';
import type { Observation } from './observe.js';
import { drawTree, rootsOf } from './tree.js';

const statements: Readonly<Record<string, { readonly operation: string; readonly table?: string }>> = querySpans;

/** The differences of an observation from its expectation, and of its parts from one another. */
export function findProblems(expectation: Expectation, observation: Observation): string[] {
  return [
    ...compare('status', observation.status, expectation.status),
    ...findHeaderProblems(expectation, observation),
    ...findSpanProblems(expectation, observation),
    ...findLineProblems(expectation, observation),
    ...findMetricProblems(expectation, observation),
    ...findExemplarProblems(expectation, observation),
  ];
}

function findHeaderProblems({ spans: expected }: Expectation, { traceResponse, spans }: Observation): string[] {
  const [, , spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])$/.exec(traceResponse) ?? [];
  if (spanId === undefined) return [`traceresponse is malformed: "${traceResponse}"`];
  if (expected.length === 0) return compare('flags of traceresponse', flags, '00');
  const [root] = rootsOf(spans);
  return [
    ...compare('flags of traceresponse', flags, '01'),
    ...compare('span id of traceresponse', spanId, root?.spanId),
  ];
}

function findSpanProblems({ spans: expected, status, route }: Expectation, { spans }: Observation): string[] {
  const tree = drawTree(spans);
  const trim = (names: readonly string[]) => names.map((name) => name.trim());
  const counts = compareCounts('spans', trim(tree), trim(expected));
  if (counts.length > 0 || expected.length === 0) return counts;
  const [root] = rootsOf(spans);
  return [
    ...compare('tree of spans', tree.join('\n'), expected.join('\n')),
    ...compare('tag http.status_code', Number(root?.tags['http.status_code']), status),
    ...compare('tag http.route', root?.tags['http.route'] ?? '(unmatched)', route),
    ...compare('tag error', root?.tags['error'] ?? false, status >= 500),
  ];
}

function findMetricProblems(
  { request: { method }, route, status, spans, isMeasured }: Expectation,
  { growth }: Observation,
): string[] {
  const request = { method, path: route, status };
  const queries = spans.flatMap((name) => {
    const { operation, table } = statements[name.trim()] ?? {};
    return table === undefined ? [] : [{ operation, table }];
  });
  const ofRequest = ['http_requests_total', 'http_request_duration_seconds_count'];
  const expected = [
    ...(isMeasured ? ofRequest.map((metric) => seriesOf(metric, request)) : []),
    ...queries.map((labels) => seriesOf('database_queries_total', labels)),
    ...queries.map((labels) => seriesOf('database_query_duration_seconds_count', labels)),
  ];
  const actual = [...growth]
    .filter(([series]) => !series.includes('_sum{'))
    .flatMap(([series, count]) => Array.from({ length: count }, () => series));
  return compareCounts('metrics', actual, expected);
}

function findExemplarProblems(
  { request: { method }, route, status, spans }: Expectation,
  { exemplars }: Observation,
): string[] {
  const labels = `method="${method}",path="${route}",status="${status}"`;
  const isRight = (series: string) =>
    series.startsWith('http_request_duration_seconds_bucket{') && series.includes(labels);
  const strangers = exemplars
    .filter((series) => !isRight(series))
    .map((series) => `exemplar of another series: ${series}`);
  return [...strangers, ...compare('exemplars', exemplars.length, spans.length === 0 ? 0 : 1)];
}
