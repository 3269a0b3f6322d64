import type { AppRouter } from '@products/api-contract';
import {
  createTRPCClient,
  type HTTPHeaders,
  httpBatchLink,
  httpBatchStreamLink,
  splitLink,
  type TRPCClient,
} from '@trpc/client';
import { type Call, traceCalls, traceparentOf } from './trace-calls.js';

/** The context of a call that shall not share its request: `{ context: alone }`. Then its answer has an {@link etagOf}. */
export const alone = { skipBatch: true } as const;

/** The service refuses larger batches. */
const BATCH_CALLS_MAX = 25;

type Fetch = NonNullable<Parameters<typeof httpBatchLink>[0]['fetch']>;

export interface ProductsClientOptions {
  /** Where the service is: `https://api.example.com/shop`. In a page also a path: `/shop`, or `''` for its own origin. */
  readonly url: string;
  /** Headers of every request; a function is called for each. */
  readonly headers?: HTTPHeaders | (() => HTTPHeaders | Promise<HTTPHeaders>);
  /** The platform's own by default. */
  readonly fetch?: Fetch;
  /**
   * Whether each request says of which trace it is (`traceparent`, https://www.w3.org/TR/trace-context/); true by default.
   * False where the page's own instrumentation of `fetch` says it.
   */
  readonly isTraced?: boolean;
  /** Called with each call that has ended, for a page that sends spans of its own. */
  readonly onCall?: (call: Call) => void;
}

/** Every procedure: `client.products.list.query({ limit: 20 })`. */
export type ProductsClient = TRPCClient<AppRouter>;

/**
 * A client of the products API. Calls of one moment share a request, 25 at most, but for those with the context
 * {@link alone}; `products.all` has one of its own, which is read as it comes.
 *
 * @throws {TypeError} when `url` is none.
 */
export function createProductsClient({
  url,
  headers = {},
  fetch,
  isTraced = true,
  onCall,
}: ProductsClientOptions): ProductsClient {
  const options = {
    url: `${readUrl(url)}/trpc`,
    maxItems: BATCH_CALLS_MAX,
    headers: async ({ opList }: { opList: readonly { context: Record<string, unknown> }[] }) => ({
      ...(typeof headers === 'function' ? await headers() : headers),
      ...(isTraced && traceparentOf(opList.map(({ context }) => context))),
    }),
    ...(fetch && { fetch }),
  };
  return createTRPCClient<AppRouter>({
    links: [
      traceCalls(onCall),
      splitLink({
        condition: ({ path }) => path === 'products.all',
        // Each stream has a request of its own: of two in one, the one that is not read holds up the other.
        true: httpBatchStreamLink({ ...options, maxItems: 1 }),
        false: splitLink({
          condition: ({ context }) => context['skipBatch'] === alone.skipBatch,
          true: httpBatchLink({ ...options, maxItems: 1 }),
          false: httpBatchLink(options),
        }),
      }),
    ],
  });
}

/** The URL without a slash at its end. */
function readUrl(url: string): string {
  const { href } = 'location' in globalThis ? globalThis.location : { href: undefined };
  if (!URL.canParse(url, href)) {
    throw new TypeError(
      `createProductsClient: url must be the service's, "https://api.example.com" or in a page "/shop"; received ${JSON.stringify(url)}`,
    );
  }
  return url.replace(/\/+$/, '');
}
