import type { ContenderName } from './contenders.js';
import type { Load } from './load.js';

/** One thing that servers are asked to do. */
export interface Work {
  readonly name: WorkName;
  /** Who does it. */
  readonly contenders: readonly ContenderName[];
  readonly ask: Pick<Load, 'method' | 'body'> & { readonly path: string };
}

type WorkName = 'list' | 'one' | 'post' | 'trpc list';

const everyone: readonly ContenderName[] = ['floor', 'peer', 'ours', 'off', 'no logs', 'no metrics', 'no traces'];
const product = JSON.stringify({ name: 'iPad Pro', price: 1_199, category: 'Tablettes' });

/** In the order in which they are done: the rows that `post` adds are taken away after each time. */
export const works: readonly Work[] = [
  { name: 'list', contenders: everyone, ask: { method: 'GET', path: '/products' } },
  { name: 'one', contenders: ['floor', 'peer', 'ours', 'off'], ask: { method: 'GET', path: '/products/1' } },
  { name: 'trpc list', contenders: ['ours'], ask: { method: 'GET', path: '/trpc/products.list' } },
  {
    name: 'post',
    contenders: ['floor', 'peer', 'ours', 'off'],
    ask: { method: 'POST', path: '/products', body: product },
  },
];
