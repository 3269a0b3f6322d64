// Options of TanStack Query 5, in any of its frameworks (https://tanstack.com/query/latest). Plain objects: nothing is imported.
import type {
  NewProduct,
  Product,
  ProductFilter,
  ProductList,
  ProductRemoval,
  ProductUpdate,
} from '@products/api-contract';
import { alone, type ProductsClient } from './client.js';
import { isTransient, retryAfterMs } from './errors.js';

const RETRIES_MAX = 3;
const RETRY_DELAY_MAX_MS = 30_000;
/** How often a list that is being read shows what has come. */
const PROGRESS_EVERY_MS = 100;

/** What TanStack Query gives a query's function, as far as it is used here. */
interface QueryContext {
  readonly signal: AbortSignal;
  readonly queryKey: readonly unknown[];
  readonly client: { setQueryData(queryKey: readonly unknown[], data: unknown): unknown };
}

interface MutationContext {
  readonly client: {
    invalidateQueries(filters: { queryKey: readonly unknown[] }): Promise<void>;
    removeQueries(filters: { queryKey: readonly unknown[] }): void;
    setQueryData(queryKey: readonly unknown[], data: unknown): unknown;
  };
}

/** Has what lists products read again. */
const refreshLists = (cache: MutationContext['client']) =>
  Promise.all([
    cache.invalidateQueries({ queryKey: ['products', 'list'] }),
    cache.invalidateQueries({ queryKey: ['products', 'all'] }),
  ]);

type Cursor = ProductList['nextCursor'];

/** Every product so far. */
export interface AllProducts {
  readonly items: readonly Product[];
  /** Whether the last one has come. */
  readonly isComplete: boolean;
}

/** No call is repeated that would fail again, and none sooner than the service asks for. */
const retries = {
  retry: (failures: number, error: unknown): boolean => failures < RETRIES_MAX && isTransient(error),
  retryDelay: (failures: number, error: unknown): number =>
    retryAfterMs(error) ?? Math.min(1_000 * 2 ** failures, RETRY_DELAY_MAX_MS),
};

/**
 * Options for `useQuery`, `useInfiniteQuery` and `useMutation`.
 *
 * @example useInfiniteQuery(createProductsQueries(client).list(20))
 */
export function createProductsQueries(client: ProductsClient) {
  return {
    /** The key of every query here, to invalidate them all. */
    key: ['products'] as const,

    /** Pages of products, all or those of a filter, for `useInfiniteQuery`. */
    list: (limit: number, filter: ProductFilter = {}) => ({
      queryKey: ['products', 'list', limit, filter] as const,
      queryFn: ({ pageParam, signal }: { pageParam: Cursor; signal: AbortSignal }): Promise<ProductList> =>
        client.products.list.query({ ...filter, limit, cursor: pageParam }, { signal }),
      initialPageParam: null as Cursor,
      getNextPageParam: (page: ProductList): Cursor => page.nextCursor,
      ...retries,
    }),

    /** All products, or all of a filter; the data grows while they come. */
    all: (filter: ProductFilter = {}) => ({
      queryKey: ['products', 'all', filter] as const,
      queryFn: async ({ client: cache, queryKey, signal }: QueryContext): Promise<AllProducts> => {
        const items: Product[] = [];
        let shownAt = Number.NEGATIVE_INFINITY;
        for await (const page of await client.products.all.query(filter, { signal })) {
          items.push(...page);
          const now = performance.now();
          if (now - shownAt < PROGRESS_EVERY_MS) continue;
          shownAt = now;
          cache.setQueryData(queryKey, { items, isComplete: false } satisfies AllProducts);
        }
        return { items, isComplete: true };
      },
      // Comparing every product with the one before costs more than showing them.
      structuralSharing: false as const,
      ...retries,
    }),

    /** One product, with its `etagOf`. */
    byId: (id: number) => ({
      queryKey: ['products', 'byId', id] as const,
      queryFn: ({ signal }: { signal: AbortSignal }): Promise<Product> =>
        client.products.byId.query({ id }, { signal, context: alone }),
      // The same values can be another version.
      structuralSharing: false as const,
      ...retries,
    }),

    /** Creates a product, and has lists read again. Never repeated: the first try may have succeeded. */
    create: () => ({
      mutationKey: ['products', 'create'] as const,
      mutationFn: (product: NewProduct): Promise<Product> => client.products.create.mutate(product),
      onSuccess: (_data: Product, _input: NewProduct, _result: unknown, { client: cache }: MutationContext) =>
        refreshLists(cache),
      retry: false as const,
    }),

    /** Changes a product, and shows it as it is now. */
    update: () => ({
      mutationKey: ['products', 'update'] as const,
      mutationFn: (change: ProductUpdate): Promise<Product> =>
        client.products.update.mutate(change, { context: alone }),
      onSuccess: (data: Product, _input: ProductUpdate, _result: unknown, { client: cache }: MutationContext) => {
        cache.setQueryData(['products', 'byId', data.id], data);
        return refreshLists(cache);
      },
      retry: false as const,
    }),

    /** Removes a product. */
    delete: () => ({
      mutationKey: ['products', 'delete'] as const,
      mutationFn: (removal: ProductRemoval): Promise<void> => client.products.delete.mutate(removal),
      onSuccess: (_data: unknown, { id }: ProductRemoval, _result: unknown, { client: cache }: MutationContext) => {
        cache.removeQueries({ queryKey: ['products', 'byId', id] });
        return refreshLists(cache);
      },
      retry: false as const,
    }),
  };
}
