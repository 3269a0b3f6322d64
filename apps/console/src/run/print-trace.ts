import { existsSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { styleText } from 'node:util';
import type { Line, Span } from '@products/decoders';
import { Search } from '../store/search.js';
import { readTraceId } from '../store/trace-id.js';
import { renderPretty, visible } from './pretty.js';

const BAR_WIDTH = 32;

/** Prints a trace as a tree with its times, and its lines. Returns the exit code: 1 when there is no such trace. */
export function printTrace(folder: string, id: string): number {
  const traceId = readTraceId(id);
  if (traceId === undefined) {
    process.stderr.write(`an id of a trace has 1 to 32 hexadecimal digits; received ${JSON.stringify(id)}\n`);
    return 2;
  }
  const file = path.join(folder, 'console.db');
  const search = existsSync(file) ? new Search(new DatabaseSync(file, { readOnly: true })) : undefined;
  const spans = search?.spans(traceId) ?? [];
  const lines = search?.lines({ traceId, limit: 5_000 }) ?? [];
  if (spans.length === 0 && lines.length === 0) {
    process.stderr.write(`no trace ${traceId}: never received, or removed\n`);
    return 1;
  }
  process.stdout.write(`${[...renderTree(spans), '', ...lines.map((line) => renderLine(line))].join('\n')}\n`);
  return 0;
}

/** Also one that came by OTLP, whose message and level are no fields. */
function renderLine({ fields, level, message, timeMs }: Line): string {
  return renderPretty(JSON.stringify({ ...fields, level, message, time: timeMs }), undefined);
}

function renderTree(spans: readonly Span[]): string[] {
  const startUs = Math.min(...spans.map((span) => span.startUs));
  const endUs = Math.max(...spans.map((span) => span.startUs + span.durationUs));
  const total = Math.max(1, endUs - startUs);
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const rows: string[] = [];
  const seen = new Set<Span>();
  const add = (span: Span, depth: number) => {
    if (seen.has(span)) return;
    seen.add(span);
    const from = Math.floor(((span.startUs - startUs) / total) * BAR_WIDTH);
    const length = Math.max(1, Math.round((span.durationUs / total) * BAR_WIDTH));
    const bar = `${' '.repeat(from)}${'━'.repeat(Math.min(length, BAR_WIDTH - from) || 1)}`.padEnd(BAR_WIDTH);
    const isError = span.tags.some(({ key, value }) => key === 'error' && String(value) === 'true');
    const name = `${'  '.repeat(depth)}${isError ? '✕ ' : ''}${visible(span.name)}`.padEnd(40);
    const duration = `${(span.durationUs / 1_000).toFixed(1)} ms`.padStart(11);
    rows.push(
      `${isError ? styleText('red', name) : name} ${styleText('blue', bar)} ${duration}  ${styleText('gray', visible(span.service))}`,
    );
    for (const child of spans) if (child.parentId === span.spanId) add(child, depth + 1);
  };
  for (const span of spans) if (span.parentId === '' || !ids.has(span.parentId)) add(span, 0);
  for (const span of spans) add(span, 0);
  return rows;
}
