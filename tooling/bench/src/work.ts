import type { Load } from './load.js';
import type { TargetName } from './targets.js';

/** A kind of request. */
export interface Work {
  readonly name: string;
  /** The servers that do it. */
  readonly targets: readonly TargetName[];
  readonly ask: Pick<Load, 'method' | 'body'> & { readonly path: string };
  /** Products in the table. */
  readonly rows: number;
  readonly connections: number;
  /** Its share of the requests of a round. */
  readonly share: number;
}

/** As many as a pool keeps: with more, the bench would measure the opening of connections to the database. */
const CONNECTIONS = 10;
const everyone: readonly TargetName[] = [
  'baseline',
  'peer',
  'peer hono',
  'service',
  'service-bare',
  'no logs',
  'no metrics',
  'no traces',
];
const product = JSON.stringify({ name: 'iPad Pro', price: 1_199, category: 'Tablettes' });
const list = { method: 'GET', path: '/products' } as const;
const ten = { rows: 10, connections: CONNECTIONS, share: 1 };

/** The cost of a request. */
export const requestWorks: readonly Work[] = [
  { ...ten, name: 'list', targets: everyone, ask: list },
  {
    ...ten,
    name: 'one',
    targets: ['baseline', 'peer', 'peer hono', 'service', 'service-bare'],
    ask: { method: 'GET', path: '/products/1' },
  },
  { ...ten, name: 'trpc list', targets: ['baseline', 'service'], ask: { method: 'GET', path: '/trpc/products.list' } },
  {
    ...ten,
    name: 'post',
    targets: ['baseline', 'peer', 'peer hono', 'service', 'service-bare'],
    ask: { method: 'POST', path: '/products', body: product },
  },
];

/** The same beside the baseline alone: what a change may have made dearer. */
export const pairWorks: readonly Work[] = requestWorks.map((work) => ({ ...work, targets: ['baseline', 'service'] }));

/** Whether a request costs more when others are about. */
export const connectionWorks: readonly Work[] = [1, 10, 100, 500].map((connections) => ({
  name: `${connections} connections`,
  targets: ['baseline', 'service'],
  ask: { method: 'GET', path: '/products/1' },
  rows: 10,
  connections,
  share: 1,
}));

/** Whether a row costs more when there are many. */
export const rowWorks: readonly Work[] = [
  { rows: 10, share: 1 },
  { rows: 1_000, share: 0.05 },
  { rows: 10_000, share: 0.006 },
  { rows: 100_000, share: 0.000_6 },
  { rows: 1_000_000, share: 0.000_1 },
].map(({ rows, share }) => ({
  name: `${rows.toLocaleString('en')} rows`,
  targets: ['baseline', 'service'],
  ask: list,
  rows,
  connections: rows <= 1_000 ? CONNECTIONS : 1,
  share,
}));
