import type { ErrorData } from '@products/api-contract';

/** Traces of the calls that failed without an answer. */
const traceIds = new WeakMap<object, string>();

/** Keeps the trace of a failed call, for {@link traceIdOf}. */
export function rememberTrace(error: object, traceId: string): void {
  traceIds.set(error, traceId);
}

/** What a `TRPCClientError` has of the service's answer. */
interface Failure {
  readonly data?: Partial<ErrorData> | null;
  readonly meta?: { readonly response?: { readonly headers?: { get(name: string): string | null } } };
}

/**
 * The id of the trace of a failed call, which finds its request in logs and traces: 32 hexadecimal digits. Also for an answer
 * that is not the API's, and for a call that had no answer; undefined for an error of something else.
 */
export function traceIdOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { data, meta } = error as Failure;
  return data?.trace_id ?? meta?.response?.headers?.get('traceresponse')?.split('-')[1] ?? traceIds.get(error);
}

/** The page that shows the trace of a failed call, when the service has a `TRACE_URL`. */
export function traceUrlOf(error: unknown): string | undefined {
  return (error as Failure | null | undefined)?.data?.trace_url;
}

/** Whether the same call may succeed a little later: there was no answer, or 503. */
export function isTransient(error: unknown): boolean {
  const status = (error as Failure | null)?.data?.httpStatus;
  return status === undefined || status === 503;
}

/** Milliseconds that a 503 asks to wait; undefined without such a word. */
export function retryAfterMs(error: unknown): number | undefined {
  const seconds = Number((error as Failure | null)?.meta?.response?.headers?.get('retry-after') ?? Number.NaN);
  return seconds >= 0 ? seconds * 1_000 : undefined;
}
