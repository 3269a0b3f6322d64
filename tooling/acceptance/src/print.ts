// The reports of both commands as text.
import type { Difference } from './parity/difference.js';
import type { Report } from './parity/parity.js';
import type { Observation } from './verify-telemetry/observe.js';
import { drawTree } from './verify-telemetry/tree.js';
import type { Result } from './verify-telemetry/verify.js';

const VALUE_CHARACTERS_MAX = 120;

/** Each unintended difference between two services, and the number of intended ones for each reason. */
export function printReport({ requests, unintended, intended, notes }: Report): string {
  const byRequest = Map.groupBy(unintended, ({ request }) => request);
  const byReason = Map.groupBy(intended, (reason) => reason);
  return [
    ...[...byRequest].flatMap(([request, differences]) => [request, ...differences.map(printDifference), '']),
    ...notes.map((note) => `note: ${note}`),
    ...[...byReason].map(([reason, { length }]) => `intended (${length}): ${reason}`),
    `${requests} requests to each, ${unintended.length} unintended differences, ${intended.length} intended`,
    '',
  ].join('\n');
}

/** One request's spans, log lines and metrics side by side, and the problems that were found. */
export function printResult({ expectation: { request }, observation, problems }: Result): string {
  const { status, traceResponse, exemplars, spans, lines } = observation;
  const columns = [drawTree(spans), lines.map(printLine), printGrowth(observation)];
  return [
    `${problems.length === 0 ? '✓' : '✗'} ${request.method} ${request.path} → ${status}`,
    `    traceresponse ${traceResponse}`,
    ...(exemplars.length === 0 ? [] : [`    exemplar      ${exemplars.join(', ')}`]),
    ...sideBySide(columns.map((column) => (column.length === 0 ? ['–'] : column))).map((row) => `    ${row}`),
    ...problems.map((problem) => `  ! ${problem}`),
    '',
  ].join('\n');
}

function printDifference({ kind, name, a, b }: Difference): string {
  return `  ${kind}${name === '' ? '' : ` ${shorten(name)}`}: ${shorten(a ?? '(none)')} → ${shorten(b ?? '(none)')}`;
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > VALUE_CHARACTERS_MAX ? `${line.slice(0, VALUE_CHARACTERS_MAX)}…` : line;
}

function printLine({ level, message, span_id }: Readonly<Record<string, unknown>>): string {
  return `${String(level).padEnd(7)} ${message}  [${String(span_id).slice(0, 4)}…]`;
}

function printGrowth({ growth }: Observation): string[] {
  return [...growth].filter(([series]) => !series.includes('_sum{')).map(([series, count]) => `+${count} ${series}`);
}

function sideBySide(columns: readonly (readonly string[])[]): string[] {
  const widths = columns.map((column) => Math.max(0, ...column.map((cell) => cell.length)));
  const height = Math.max(...columns.map((column) => column.length));
  return Array.from({ length: height }, (_, row) =>
    columns
      .map((column, index) => (column[row] ?? '').padEnd(widths[index] ?? 0))
      .join(' │ ')
      .trimEnd(),
  );
}
