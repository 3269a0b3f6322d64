import { QueryClient } from '@tanstack/react-query';
import { createTRPCClient, httpBatchLink } from '@trpc/client';
import type { ConsoleRouter } from '../../src/serve/router.js';

/** What the console answers this page. */
export const api = createTRPCClient<ConsoleRouter>({ links: [httpBatchLink({ url: '/trpc' })] });

export const queryClient = new QueryClient({
  defaultOptions: { queries: { retry: 1, retryDelay: 500, refetchOnWindowFocus: false, staleTime: 1_000 } },
});

export type { Line, Span, Tag } from '@products/decoders';
export type { Overview } from '../../src/metrics/overview.js';
export type { StoredLine, TraceSummary } from '../../src/store/search.js';
