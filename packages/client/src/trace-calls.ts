import type { AppRouter } from '@products/api-contract';
import type { OperationLink, TRPCLink } from '@trpc/client';
import { observable } from '@trpc/server/observable';
import { rememberTrace } from './errors.js';
import { rememberEtag } from './etags.js';

/** A call that has ended, with what a span of it needs. */
export interface Call {
  /** `products.list`. */
  readonly path: string;
  readonly type: 'query' | 'mutation' | 'subscription';
  /** 32 hexadecimal digits: the trace that the service's spans and lines have too. */
  readonly traceId: string;
  /** 16 hexadecimal digits. The service's span is the child of the first call's in its request. */
  readonly spanId: string;
  /** Milliseconds since 1970, with fractions. */
  readonly startedAt: number;
  /** Of a stream: until its head is there. */
  readonly durationMs: number;
  /** What the call has failed with. */
  readonly error?: unknown;
}

/** Where the link leaves a call for the headers of its request. */
const CONTEXT_KEY = 'products.trace';

interface CallTrace {
  traceId: string;
  readonly spanId: string;
}

/** Begins a trace for each call, and tells when the call has ended. */
export function traceCalls(onCall: ((call: Call) => void) | undefined): TRPCLink<AppRouter> {
  const link: OperationLink<AppRouter> = ({ op, next }) =>
    observable((observer) => {
      const trace: CallTrace = { traceId: randomHex(16), spanId: randomHex(8) };
      op.context[CONTEXT_KEY] = trace;
      const startedAt = performance.timeOrigin + performance.now();
      const { path, type } = op;
      let isEnded = false;
      const end = (failure: { readonly error?: unknown }) => {
        if (isEnded) return;
        isEnded = true;
        const durationMs = performance.timeOrigin + performance.now() - startedAt;
        onCall?.({ path, type, ...trace, startedAt, durationMs, ...failure });
      };
      return next(op).subscribe({
        next: (value) => {
          end({});
          if ('data' in value.result) rememberEtag(value.result.data, responseOf(value.context)?.headers);
          observer.next(value);
        },
        error: (error) => {
          rememberTrace(error, trace.traceId);
          end({ error });
          observer.error(error);
        },
        complete: () => observer.complete(),
      });
    });
  return () => link;
}

/** Where tRPC's links leave the response of a call. */
function responseOf(context: Record<string, unknown> | undefined): Response | undefined {
  return context?.['response'] as Response | undefined;
}

/** The header of a request for these calls, which from now on are of one trace: the first's. */
export function traceparentOf(contexts: readonly Record<string, unknown>[]): { traceparent?: string } {
  const traces = contexts.map((context) => context[CONTEXT_KEY] as CallTrace);
  const [first] = traces;
  if (first === undefined) return {};
  for (const trace of traces) trace.traceId = first.traceId;
  return { traceparent: `00-${first.traceId}-${first.spanId}-01` };
}

function randomHex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
