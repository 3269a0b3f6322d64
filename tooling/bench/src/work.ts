import type { ContenderName } from './contenders.js';
import type { Load } from './load.js';

/** One thing that servers are asked to do. */
export interface Work {
  readonly name: string;
  /** Who does it. */
  readonly contenders: readonly ContenderName[];
  readonly ask: Pick<Load, 'method' | 'body'> & { readonly path: string };
  /** How many products there are. */
  readonly rows: number;
  readonly connections: number;
  /** How much there is to do in a round, beside the others. */
  readonly share: number;
}

/** As many as a pool keeps: more would measure the opening of connections to the database. */
const CONNECTIONS = 10;
const everyone: readonly ContenderName[] = ['floor', 'peer', 'ours', 'off', 'no logs', 'no metrics', 'no traces'];
const product = JSON.stringify({ name: 'iPad Pro', price: 1_199, category: 'Tablettes' });
const list = { method: 'GET', path: '/products' } as const;
const ten = { rows: 10, connections: CONNECTIONS, share: 1 };

/** What a request costs. */
export const requestWorks: readonly Work[] = [
  { ...ten, name: 'list', contenders: everyone, ask: list },
  { ...ten, name: 'one', contenders: ['floor', 'peer', 'ours', 'off'], ask: { method: 'GET', path: '/products/1' } },
  { ...ten, name: 'trpc list', contenders: ['floor', 'ours'], ask: { method: 'GET', path: '/trpc/products.list' } },
  {
    ...ten,
    name: 'post',
    contenders: ['floor', 'peer', 'ours', 'off'],
    ask: { method: 'POST', path: '/products', body: product },
  },
];

/** Whether a request costs more when others are about. */
export const connectionWorks: readonly Work[] = [1, 10, 100, 500].map((connections) => ({
  name: `${connections} connections`,
  contenders: ['floor', 'ours'],
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
  contenders: ['floor', 'ours'],
  ask: list,
  rows,
  connections: rows <= 1_000 ? CONNECTIONS : 1,
  share,
}));
