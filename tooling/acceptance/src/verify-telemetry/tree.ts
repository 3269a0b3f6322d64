import type { JaegerSpan } from '@products/jaeger';

/** Spans as a tree of names, a child two spaces further right than its parent, siblings in the order of their names. */
export function drawTree(spans: readonly JaegerSpan[]): string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const draw = (siblings: readonly JaegerSpan[], indent: string): string[] =>
    siblings
      .toSorted((a, b) => a.operationName.localeCompare(b.operationName))
      .flatMap(({ operationName, spanId }) => [
        `${indent}${operationName}`,
        ...draw(
          spans.filter(({ parentSpanId }) => parentSpanId === spanId),
          `${indent}  `,
        ),
      ]);
  return draw(rootsOf(spans, ids), '');
}

/** The spans whose parent is not among them. */
export function rootsOf(spans: readonly JaegerSpan[], ids = new Set(spans.map(({ spanId }) => spanId))): JaegerSpan[] {
  return spans.filter(({ parentSpanId }) => !ids.has(parentSpanId));
}
