// A frontend: only this package, @trpc/client and types. Compiled by ../types.test.ts, never run.
import type { AppRouter, ErrorBody, Product } from '@products/api-contract';
import { createTRPCClient, httpBatchLink, type TRPCClientError } from '@trpc/client';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function assertType<_ extends true>(): void {}

const client = createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: 'http://localhost:5000/trpc' })] });

export async function useEverything(): Promise<void> {
  const list = await client.products.list.query();
  assertType<Equal<typeof list.nextCursor, number | string | null>>();
  assertType<Equal<(typeof list.items)[number], Product>>();
  await client.products.list.query({ limit: 3, cursor: 3 });
  // @ts-expect-error it is called cursor
  await client.products.list.query({ limit: 3, after: 3 });
  // @ts-expect-error a limit is a number
  await client.products.list.query({ limit: '3' });

  const product = await client.products.byId.query({ id: 1 });
  assertType<
    Equal<typeof product, { id: number; name: string; price: number; category: string; created_at: string }>
  >();
  // @ts-expect-error an id is needed
  await client.products.byId.query();

  const created: Product = await client.products.create.mutate({ name: 'iPad', price: 1, category: 'Tablettes' });
  // @ts-expect-error the price is missing
  await client.products.create.mutate({ name: created.name, category: 'Tablettes' });
  // @ts-expect-error a mutation is no query
  client.products.create.query;

  const slow = await client.diagnostics.slow.query();
  assertType<Equal<typeof slow, { message: string; delay_seconds: number; timestamp: string }>>();
  assertType<Equal<Awaited<ReturnType<typeof client.diagnostics.error.query>>, never>>();

  const health = await client.health.check.query();
  assertType<Equal<typeof health.status, 'UP' | 'DEGRADED'>>();
  if (health.status === 'UP') assertType<Equal<typeof health.database, 'connected'>>();
}

export function readError(error: TRPCClientError<AppRouter>): ErrorBody | undefined {
  const data = error.data ?? undefined;
  if (data === undefined) return undefined;
  assertType<Equal<typeof data.trace_id, string | null>>();
  assertType<Equal<typeof data.httpStatus, number>>();
  return data.code === 'BAD_REQUEST' && data.issues?.[0]?.path === 'name' ? data : undefined;
}
