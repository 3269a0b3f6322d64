// The rows of a trace's waterfall, from its spans as they came: nothing is moved, and what is missing is said.
import type { Span } from './api.js';

/** Leaves of one name, kind and service beside one another, from which on they fold into one row. */
const FOLD_FROM = 5;

/** What a span is about; its colour and its word. */
export type Kind = 'http' | 'rpc' | 'sql' | 'web' | 'out' | 'msg' | 'int';

export interface Node {
  readonly id: string;
  /** Undefined for a parent that was not received. */
  readonly span: Span | undefined;
  readonly children: Node[];
  readonly depth: number;
  readonly startUs: number;
  readonly endUs: number;
  /** Microseconds in which no child ran. */
  readonly selfUs: number;
  /** Of this span and those below. */
  readonly errors: number;
  readonly isError: boolean;
  /** Microseconds by which it starts before its parent: their clocks differ. */
  readonly skewUs: number;
  /** Whether it was cut from a circle of parents. */
  readonly isCycle: boolean;
}

export interface Tree {
  readonly roots: Node[];
  readonly startUs: number;
  readonly endUs: number;
  readonly nodes: ReadonlyMap<string, Node>;
  /** Spans that the trace's end waited for. */
  readonly critical: ReadonlySet<string>;
  /** Times in which no span ran, from and to. */
  readonly gaps: readonly (readonly [number, number])[];
}

/** A row of the waterfall: a span, or several equal ones folded. */
export interface Row {
  readonly node: Node;
  /** The folded ones, this node among them; undefined for one span. */
  readonly folded?: readonly Node[];
  readonly position: number;
  readonly setSize: number;
  readonly isExpandable: boolean;
  readonly isExpanded: boolean;
}

export function isErrorSpan(span: Span): boolean {
  return span.tags.some(({ key, value }) => key === 'error' && (value === true || value === 'true'));
}

export function kindOf(span: Span | undefined): Kind {
  if (span === undefined) return 'int';
  const has = (name: string) => span.tags.some(({ key }) => key === name || key.startsWith(`${name}.`));
  if (has('db')) return 'sql';
  if (has('rpc')) return 'rpc';
  if (span.kind === 'server') return 'http';
  if (has('browser') || span.tags.some(({ key, value }) => key === 'telemetry.sdk.language' && value === 'webjs'))
    return 'web';
  if (span.kind === 'client') return span.processTags.some(({ value }) => value === 'webjs') ? 'web' : 'out';
  if (span.kind === 'producer' || span.kind === 'consumer') return 'msg';
  return 'int';
}

/**
 * Builds the tree of a trace. Spans whose parent never came hang below a row that says so.
 *
 * @param isAligned whether a span that starts before its parent is shown from there on, with all below it
 */
export function buildTree(spans: readonly Span[], isAligned = false): Tree {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const childrenOf = new Map<string, Span[]>();
  const missing = new Map<string, Span[]>();
  const roots: Span[] = [];
  for (const span of spans) {
    if (span.parentId === '') roots.push(span);
    else if (!byId.has(span.parentId)) missing.set(span.parentId, [...(missing.get(span.parentId) ?? []), span]);
    else childrenOf.set(span.parentId, [...(childrenOf.get(span.parentId) ?? []), span]);
  }
  const nodes = new Map<string, Node>();
  const build = (span: Span, parent: Span | undefined, depth: number, isCycle = false, shiftUs = 0): Node => {
    const skewUs = parent === undefined ? 0 : Math.max(0, parent.startUs - span.startUs);
    const shift = isAligned ? shiftUs + skewUs : 0;
    const startUs = span.startUs + shift;
    const endUs = startUs + span.durationUs;
    const node: Node = {
      id: span.spanId,
      span,
      children: [],
      depth,
      startUs,
      endUs,
      selfUs: 0,
      errors: 0,
      isError: isErrorSpan(span),
      skewUs,
      isCycle,
    };
    nodes.set(span.spanId, node);
    for (const child of childrenOf.get(span.spanId) ?? []) {
      if (!nodes.has(child.spanId)) node.children.push(build(child, span, depth + 1, false, shift));
    }
    return Object.assign(node, {
      selfUs: selfTime(node),
      errors: node.children.reduce((sum, child) => sum + child.errors, node.isError ? 1 : 0),
    });
  };
  const top = roots.map((span) => build(span, undefined, 0));
  for (const [parentId, orphans] of missing) {
    const children = orphans.map((span) => build(span, undefined, 1));
    const node: Node = {
      id: parentId,
      span: undefined,
      children,
      depth: 0,
      startUs: Math.min(...children.map(({ startUs }) => startUs)),
      endUs: Math.max(...children.map(({ endUs }) => endUs)),
      selfUs: 0,
      errors: children.reduce((sum, child) => sum + child.errors, 0),
      isError: false,
      skewUs: 0,
      isCycle: false,
    };
    nodes.set(parentId, node);
    top.push(node);
  }
  // What is left is in a circle: each is its own ancestor.
  for (const span of spans) if (!nodes.has(span.spanId)) top.push(build(span, undefined, 0, true));
  top.sort((a, b) => a.startUs - b.startUs);
  let startUs = Number.POSITIVE_INFINITY;
  let endUs = Number.NEGATIVE_INFINITY;
  for (const node of nodes.values()) {
    startUs = Math.min(startUs, node.startUs);
    endUs = Math.max(endUs, node.endUs);
  }
  const critical = new Set<string>();
  for (const root of top) markCritical(root, root.endUs, critical);
  if (spans.length === 0) return { roots: [], startUs: 0, endUs: 1, nodes, critical, gaps: [] };
  return { roots: top, startUs, endUs: Math.max(endUs, startUs + 1), nodes, critical, gaps: gapsBetween(nodes) };
}

function gapsBetween(nodes: ReadonlyMap<string, Node>): [number, number][] {
  const running = [...nodes.values()].filter(({ span }) => span !== undefined).sort((a, b) => a.startUs - b.startUs);
  const gaps: [number, number][] = [];
  let reached = running[0]?.startUs ?? 0;
  for (const { startUs, endUs } of running) {
    if (startUs > reached) gaps.push([reached, startUs]);
    reached = Math.max(reached, endUs);
  }
  return gaps;
}

function selfTime({ startUs, endUs, children }: Node): number {
  const parts = children
    .map((child) => [Math.max(startUs, child.startUs), Math.min(endUs, child.endUs)] as const)
    .filter(([from, to]) => to > from)
    .sort(([a], [b]) => a - b);
  let covered = 0;
  let reached = startUs;
  for (const [from, to] of parts) {
    covered += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return endUs - startUs - covered;
}

/** From the end backwards, always the child that ended last. */
function markCritical(node: Node, until: number, critical: Set<string>): void {
  critical.add(node.id);
  let end = Math.min(node.endUs, until);
  for (const child of [...node.children].sort((a, b) => b.endUs - a.endUs)) {
    if (child.startUs >= end) continue;
    markCritical(child, end, critical);
    end = child.startUs;
  }
}

/** Ids of nodes that are open at first: all, or of a large trace the first levels and the way to each error. */
export function initiallyExpanded({ nodes }: Tree): Set<string> {
  const isLarge = nodes.size > 2_000;
  return new Set(
    [...nodes.values()].filter((node) => !isLarge || node.depth < 3 || node.errors > 0).map(({ id }) => id),
  );
}

/** The rows that are shown, in the order of the tree. */
export function rowsOf(tree: Tree, expanded: ReadonlySet<string>, unfolded: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  const add = (siblings: readonly Node[]) => {
    const groups = groupEqual(siblings, unfolded);
    for (const [index, group] of groups.entries()) {
      const [node] = group;
      if (node === undefined) continue;
      const isFolded = group.length > 1;
      const isExpandable = isFolded || node.children.length > 0;
      const isExpanded = !isFolded && expanded.has(node.id);
      rows.push({
        node,
        ...(isFolded && { folded: group }),
        position: index + 1,
        setSize: groups.length,
        isExpandable,
        isExpanded,
      });
      if (isExpanded) add(node.children);
    }
  };
  add(tree.roots);
  return rows;
}

function groupEqual(siblings: readonly Node[], unfolded: ReadonlySet<string>): Node[][] {
  const groups: Node[][] = [];
  const key = ({ span, children, isError }: Node) =>
    span === undefined || children.length > 0 || isError ? undefined : `${span.name}\n${span.kind}\n${span.service}`;
  for (const node of siblings) {
    const last = groups.at(-1);
    const own = key(node);
    if (last?.[0] !== undefined && own !== undefined && key(last[0]) === own) last.push(node);
    else groups.push([node]);
  }
  return groups.flatMap((group) =>
    group.length < FOLD_FROM || (group[0] !== undefined && unfolded.has(group[0].id))
      ? group.map((node) => [node])
      : [group],
  );
}

/** Whether a span is what is looked for: in its name and its values, or `>10ms`. */
export function matchesSpan(span: Span, wanted: string): boolean {
  const bound = /^([<>])\s*([\d.]+)\s*(µs|us|ms|s)$/.exec(wanted.trim());
  if (bound !== null) {
    const units: Readonly<Record<string, number>> = { µs: 1, us: 1, ms: 1_000, s: 1_000_000 };
    const limit = Number(bound[2]) * (units[bound[3] ?? ''] ?? 1);
    return bound[1] === '>' ? span.durationUs > limit : span.durationUs < limit;
  }
  const text = wanted.toLowerCase();
  return (
    span.name.toLowerCase().includes(text) ||
    span.spanId.includes(text) ||
    span.tags.some(({ key, value }) => `${key}=${value}`.toLowerCase().includes(text))
  );
}

/** How much time went to spans of each name, the most first. */
export function timeByName(tree: Tree): { name: string; kind: Kind; selfUs: number }[] {
  const sums = new Map<string, { name: string; kind: Kind; selfUs: number }>();
  for (const { span, selfUs } of tree.nodes.values()) {
    if (span === undefined) continue;
    const sum = sums.get(span.name) ?? { name: span.name, kind: kindOf(span), selfUs: 0 };
    sum.selfUs += selfUs;
    sums.set(span.name, sum);
  }
  return [...sums.values()].sort((a, b) => b.selfUs - a.selfUs);
}

export interface DiffRow {
  readonly depth: number;
  readonly name: string;
  readonly kind: Kind;
  readonly left: { readonly count: number; readonly durationUs: number };
  readonly right: { readonly count: number; readonly durationUs: number };
}

/** Two trees side by side: spans of the same name below the same one are one row. */
export function diffTrees(left: Tree, right: Tree): DiffRow[] {
  const rows: DiffRow[] = [];
  const add = (lefts: readonly Node[], rights: readonly Node[], depth: number) => {
    const names = new Set([...lefts, ...rights].map(({ span }) => span?.name ?? '?'));
    for (const name of names) {
      const ofLeft = lefts.filter(({ span }) => (span?.name ?? '?') === name);
      const ofRight = rights.filter(({ span }) => (span?.name ?? '?') === name);
      const sum = (nodes: readonly Node[]) => ({
        count: nodes.length,
        durationUs: nodes.reduce((total, { startUs, endUs }) => total + endUs - startUs, 0),
      });
      rows.push({ depth, name, kind: kindOf((ofLeft[0] ?? ofRight[0])?.span), left: sum(ofLeft), right: sum(ofRight) });
      add(
        ofLeft.flatMap(({ children }) => children),
        ofRight.flatMap(({ children }) => children),
        depth + 1,
      );
    }
  };
  add(left.roots, right.roots, 0);
  return rows;
}

/** A command that repeats the request of a server's span; undefined for a trace without one. */
export function curlOf(spans: readonly Span[]): string | undefined {
  for (const span of spans) {
    if (span.kind !== 'server') continue;
    const tag = (...keys: string[]) =>
      keys.map((key) => span.tags.find((each) => each.key === key)?.value).find((value) => value !== undefined);
    const method = String(tag('http.request.method', 'http.method') ?? 'GET');
    const url = tag('url.full', 'http.url');
    if (typeof url !== 'string') continue;
    const quoted = `'${url.replaceAll("'", String.raw`'\''`)}'`;
    if (method === 'GET') return `curl -i ${quoted}`;
    const body = method === 'POST' ? ` -H 'Content-Type: application/json' -d '{}'` : '';
    return `curl -i -X ${method} ${quoted}${body}`;
  }
  return undefined;
}
