// The rows of a trace, from spans as they come: with holes, in circles, out of time.
import type { Span } from '@products/decoders';
import { describe, expect, it } from 'vitest';
import { createTimeScale } from '../page/src/time-scale.js';
import {
  buildTree,
  curlOf,
  diffTrees,
  initiallyExpanded,
  kindOf,
  matchesSpan,
  type Row,
  rowsOf,
  timeByName,
} from '../page/src/waterfall.js';

const span = (
  spanId: string,
  parentId: string,
  startUs: number,
  durationUs: number,
  more: Partial<Span> = {},
): Span => ({
  traceId: '1'.repeat(32),
  spanId,
  parentId,
  links: [],
  service: 'backend',
  processTags: [],
  name: spanId,
  kind: '',
  flags: 1,
  startUs,
  durationUs,
  tags: [],
  logs: [],
  ...more,
});
const error = [{ key: 'error', type: 'bool', value: true }] as const;

const shown = (spans: Span[]) => {
  const tree = buildTree(spans);
  return { tree, rows: rowsOf(tree, initiallyExpanded(tree), new Set()) };
};
const outline = (rows: readonly Row[]) =>
  rows.map(
    ({ node, folded }) =>
      `${'  '.repeat(node.depth)}${node.span?.name ?? `? ${node.id}`}${folded ? ` ×${folded.length}` : ''}`,
  );

describe('rows', () => {
  it('are the tree in the order of starts, with self times and the critical path', () => {
    const { tree, rows } = shown([
      span('root', '', 0, 100),
      span('a', 'root', 10, 20),
      span('b', 'root', 20, 60),
      span('c', 'b', 30, 10),
      span('short', 'root', 25, 5),
    ]);
    expect(outline(rows)).toEqual(['root', '  a', '  b', '    c', '  short']);
    expect(tree.nodes.get('root')?.selfUs).toBe(100 - 70);
    expect(tree.nodes.get('b')?.selfUs).toBe(50);
    expect([...tree.critical].sort()).toEqual(['a', 'b', 'c', 'root']);
    expect(timeByName(tree)[0]).toEqual({ name: 'b', kind: 'int', selfUs: 50 });
  });

  it('say which parent was not received', () => {
    const { rows } = shown([span('root', '', 0, 10), span('lost', 'gone', 5, 10), span('too', 'gone', 6, 1)]);
    expect(outline(rows)).toEqual(['root', '? gone', '  lost', '  too']);
  });

  it('have each span once, in a circle of parents too', () => {
    const { tree, rows } = shown([span('a', 'b', 0, 10), span('b', 'a', 1, 5), span('self', 'self', 2, 1)]);
    expect(
      outline(rows)
        .map((row) => row.trim())
        .sort(),
    ).toEqual(['a', 'b', 'self']);
    expect(tree.roots.filter(({ isCycle }) => isCycle)).toHaveLength(2);
  });

  it('move no span, and say by how much one starts before its parent', () => {
    const { tree } = shown([span('root', '', 100, 50), span('early', 'root', 70, 10)]);
    expect(tree.nodes.get('early')).toMatchObject({ startUs: 70, skewUs: 30 });
    expect(tree.startUs).toBe(70);
  });

  it('fold five equal leaves, and no errors with them', () => {
    const leaves = Array.from({ length: 7 }, (_, index) => span(`s${index}`, 'root', index, 1, { name: 'db_query' }));
    const failed = span('x', 'root', 8, 1, { name: 'db_query', tags: error });
    const { tree, rows } = shown([span('root', '', 0, 10), ...leaves, failed]);
    expect(outline(rows)).toEqual(['root', '  db_query ×7', '  db_query']);
    expect(outline(rowsOf(tree, initiallyExpanded(tree), new Set(['s0'])))).toHaveLength(9);
    expect(tree.nodes.get('root')?.errors).toBe(1);
  });

  it('of a large trace are open to the third level and to each error', () => {
    const spans = [span('root', '', 0, 10)];
    for (let index = 0; index < 2_500; index += 1) {
      spans.push(
        span(`n${index}`, index < 5 ? 'root' : `n${index - 5}`, index, 1, index === 2_400 ? { tags: error } : {}),
      );
    }
    const { rows } = shown(spans);
    expect(rows.length).toBeLessThan(1_000);
    expect(rows.some(({ node }) => node.id === 'n2400')).toBe(true);
  });
});

it('kinds are told by what spans have', () => {
  const tagged = (key: string, kind = '') => span('s', '', 0, 1, { kind, tags: [{ key, type: 'string', value: 'x' }] });
  expect(kindOf(tagged('db.system.name', 'client'))).toBe('sql');
  expect(kindOf(tagged('rpc.system', 'client'))).toBe('rpc');
  expect(kindOf(tagged('http.route', 'server'))).toBe('http');
  expect(kindOf(tagged('x', 'client'))).toBe('out');
  expect(kindOf(tagged('x', 'producer'))).toBe('msg');
  expect(kindOf(tagged('x'))).toBe('int');
});

describe('time', () => {
  it('in which no span ran takes little room when it is more than half of what is shown', () => {
    const tree = buildTree([span('first', '', 0, 100), span('second', '', 9_900, 100)]);
    const whole = createTimeScale(tree, [0, 10_000]);
    expect(whole.gap).toEqual([100, 9_900]);
    expect(whole.partOf(0)).toBe(0);
    expect(whole.partOf(100)).toBeCloseTo(0.47);
    expect(whole.partOf(9_900)).toBeCloseTo(0.53);
    expect(whole.partOf(10_000)).toBeCloseTo(1);
    for (const us of [0, 50, 100, 5_000, 9_900, 9_950, 10_000]) {
      expect(whole.timeAt(whole.partOf(us))).toBeCloseTo(us);
    }
    expect(createTimeScale(tree, [0, 150]).gap).toBeUndefined();
  });

  it('in which no span ran is even where nothing else is shown, and no time at all is a moment', () => {
    const tree = buildTree([span('first', '', 0, 100), span('second', '', 9_900, 100)]);
    const within = createTimeScale(tree, [4_000, 5_000]);
    expect(within.gap).toBeUndefined();
    expect(within.partOf(4_500)).toBeCloseTo(0.5);
    const moment = createTimeScale(tree, [4_000, 4_000]);
    expect([moment.partOf(4_000), moment.timeAt(0)]).toEqual([0, 4_000]);
  });

  it('in which a span ran is never folded', () => {
    const tree = buildTree([span('root', '', 0, 10_000), span('a', 'root', 0, 100), span('b', 'root', 9_900, 100)]);
    expect(createTimeScale(tree, [0, 10_000]).gap).toBeUndefined();
  });
});

it('what is looked for is in names, values and durations', () => {
  const found = span('s', '', 0, 12_000, {
    name: 'GET /products',
    tags: [{ key: 'db.table', type: 'string', value: 'products' }],
  });
  for (const text of ['get', 'db.table=prod', '>10ms', '<1s', '> 11999µs']) expect(matchesSpan(found, text)).toBe(true);
  for (const text of ['post', '>12ms', '<10ms']) expect(matchesSpan(found, text)).toBe(false);
});

it('two traces differ by what one has more', () => {
  const left = buildTree([span('root', '', 0, 10), span('q', 'root', 1, 2, { name: 'db_query_products' })]);
  const right = buildTree([
    span('root', '', 0, 30),
    span('q', 'root', 1, 2, { name: 'db_query_products' }),
    span('r', 'root', 4, 2, { name: 'db_query_products' }),
  ]);
  expect(diffTrees(left, right)).toMatchObject([
    { depth: 0, name: 'root', left: { count: 1, durationUs: 10 }, right: { count: 1, durationUs: 30 } },
    { depth: 1, name: 'db_query_products', left: { count: 1 }, right: { count: 2, durationUs: 4 } },
  ]);
});

it('a request can be repeated by a command, whatever its URL', () => {
  const request = (method: string, url: string) =>
    span('s', '', 0, 1, {
      kind: 'server',
      tags: [
        { key: 'http.request.method', type: 'string', value: method },
        { key: 'http.url', type: 'string', value: url },
      ],
    });
  expect(curlOf([request('GET', "http://h/a?b='c")])).toBe(String.raw`curl -i 'http://h/a?b='\''c'`);
  expect(curlOf([request('DELETE', 'http://h/a')])).toBe("curl -i -X DELETE 'http://h/a'");
  expect(curlOf([span('s', '', 0, 1)])).toBeUndefined();
});
