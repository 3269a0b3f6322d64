import { logEvents, matchLine, querySpans } from '@products/telemetry/contract';
import { seriesOf } from '../exposition.js';
import type { LogLine } from '../log-file.js';
import type { Expectation } from '../request.js';
import { compare, compareCounts } from './compare.js';
import type { Observation } from './observe.js';

/** Spans inside a request: neither its own nor, in a batch, those of its procedures. */
const innerSpans: Readonly<Record<string, unknown>> = { ...querySpans, simulate_slow_operation: {} };

/** The problems of a request's log lines: undeclared, unexpected, of another span, or not what status and metric say. */
export function findLineProblems(
  { lines: expected, status, route }: Expectation,
  { lines, spans, growth }: Observation,
): string[] {
  const problems: string[] = [];
  const events = lines.map((line) => {
    try {
      return matchLine(line);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  });
  problems.push(...compareCounts('log lines', events.map(String), expected));
  if (problems.length > 0 || expected.length === 0) return problems;

  const completed = lines.at(-1) as LogLine;
  const spanNames = new Map(spans.map(({ spanId, operationName }) => [spanId, operationName]));
  const requestSpans = new Set(
    spans.filter(({ operationName }) => !(operationName in innerSpans)).map(({ spanId }) => spanId),
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
    ...compare('first line', events[0], 'request_received'),
    ...compare('last line', events.at(-1), 'request_completed'),
    ...compare('status of the last line', completed['status'], status),
    ...compare('route of the last line', completed['route'], route),
    ...compare('level of the last line', completed['level'], levelOf(status)),
    ...(Math.abs(sum * 1_000 - Number(completed['duration_ms'])) < 0.01
      ? []
      : [`duration: ${completed['duration_ms']} ms in the log, ${sum * 1_000} ms in the metric`]),
  );
  return problems;
}

function levelOf(status: number): string {
  if (status >= 500) return 'ERROR';
  return status >= 400 ? 'WARNING' : 'INFO';
}
