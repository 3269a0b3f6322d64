import type { Observation } from './observe.js';
import { drawTree } from './tree.js';
import type { Verdict } from './verify.js';

/** A verdict as text: what was asked, and side by side its spans, log lines and metrics. */
export function printVerdict({ story: { request }, observation, problems }: Verdict): string {
  const { status, traceResponse, exemplars } = observation;
  const columns = [drawTree(observation.spans), observation.lines.map(printLine), printGrowth(observation)].map(
    (column) => (column.length === 0 ? ['–'] : column),
  );
  return [
    `${problems.length === 0 ? '✓' : '✗'} ${request.method} ${request.path} → ${status}`,
    `    traceresponse ${traceResponse}`,
    ...(exemplars.length === 0 ? [] : [`    exemplar      ${exemplars.join(', ')}`]),
    ...sideBySide(columns).map((row) => `    ${row}`),
    ...problems.map((problem) => `  ! ${problem}`),
    '',
  ].join('\n');
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
