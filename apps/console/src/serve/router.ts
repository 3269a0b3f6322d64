import type { Line, Span } from '@products/decoders';
import { initTRPC, TRPCError } from '@trpc/server';
import { z } from 'zod';
import type { Overview } from '../metrics/overview.js';
import { RANGE_MS_MAX, Scrapes } from '../metrics/scrapes.js';
import type { Search, StoredLine, TraceSummary } from '../store/search.js';
import type { Losses } from '../store/store.js';
import { readTraceId } from '../store/trace-id.js';

/** Most traces that a list shows, and most lines of an answer. */
const LIST_MAX = 500;
const LINES_MAX = 5_000;

/** The service that the console was started with. */
export interface Observed {
  readonly state: 'starting' | 'up' | 'stopped' | 'none';
  /** Its origin: `http://127.0.0.1:5000`. */
  readonly url?: string;
  readonly startedAt?: number;
  readonly stoppedAt?: number;
  /** Its exit code, or the signal that ended it. */
  readonly code?: string;
  readonly name?: string;
  readonly database?: string;
}

/** What the receiving side knows. */
export interface LiveStatus {
  readonly observed: Observed;
  readonly losses: Losses;
  readonly bytes: number;
  /** What could not be read of what was received, newest last. */
  readonly refused: readonly string[];
  readonly refusedCount: number;
  /** What a person should know of the store and of the metrics. */
  readonly problems: readonly string[];
  readonly receivers: Readonly<Record<string, string>>;
  /** Whether the service gets traffic: its database answers. Undefined while that is not known. */
  readonly isReady: boolean | undefined;
  /** Of the service, as its metrics say it. */
  readonly version: string | undefined;
}

export interface Status extends LiveStatus {
  readonly counts: { readonly spans: number; readonly traces: number; readonly lines: number };
  readonly nowMs: number;
}

export interface RouterOptions {
  readonly search: Search;
  readonly describe: () => Promise<LiveStatus>;
}

const text = z.string().max(500);
const traceId = z.string().transform((value, context) => {
  const id = readTraceId(value);
  if (id !== undefined) return id;
  context.addIssue('an id of a trace has 1 to 32 hexadecimal digits');
  return z.NEVER;
});
const tagsSchema = z.record(text, text).optional();

const traceQuery = z.object({
  service: text.optional(),
  operation: text.optional(),
  tags: tagsSchema,
  status: z
    .string()
    .regex(/^[\dxX]{3}$/, 'a status is 404 or 4xx')
    .optional(),
  minDurationUs: z.number().optional(),
  maxDurationUs: z.number().optional(),
  isError: z.boolean().optional(),
  sinceUs: z.number().optional(),
  untilUs: z.number().optional(),
  limit: z.number().int().min(1).max(LIST_MAX).default(200),
});

const lineQuery = z.object({
  text: text.optional(),
  levels: z.array(text).max(10).optional(),
  traceId: traceId.optional(),
  fields: tagsSchema,
  afterSeq: z.number().int().optional(),
  beforeSeq: z.number().int().optional(),
  limit: z.number().int().min(1).max(LINES_MAX).default(500),
});

/** What the page asks. Every answer is what was received, unchanged. */
export function createConsoleRouter({ search, describe }: RouterOptions) {
  const scrapes = new Scrapes(search);
  const t = initTRPC.create({ isDev: false });
  return t.router({
    status: t.procedure.query(
      async (): Promise<Status> => ({ ...(await describe()), counts: search.counts(), nowMs: Date.now() }),
    ),

    overview: t.procedure
      .input(z.object({ rangeMs: z.number().min(60_000).max(RANGE_MS_MAX), route: text.optional() }))
      .query(({ input: { rangeMs, route } }): Overview => scrapes.summarize(rangeMs, route)),

    operations: t.procedure.query((): { service: string; operations: string[] }[] =>
      search.services().map((service) => ({
        service,
        operations: [...new Set(search.operations(service).map(({ name }) => name))],
      })),
    ),

    traces: t.procedure
      .input(traceQuery)
      .query(({ input }): { items: TraceSummary[]; matching: number; outside: number } => {
        const { limit, sinceUs, untilUs, ...conditions } = input;
        const matching = search.countTraces({ ...conditions, sinceUs, untilUs });
        // Only said where there are none in the range.
        const outside = matching === 0 ? search.countTraces(conditions) : 0;
        return { items: search.traces(input), matching, outside };
      }),

    trace: t.procedure
      .input(z.object({ id: traceId }))
      .query(({ input }): { id: string; spans: Span[]; lines: Line[]; receivedMs: number } => {
        const { id } = input;
        const spans = search.spans(id);
        const lines = search.lines({ traceId: id, limit: LINES_MAX });
        if (spans.length === 0 && lines.length === 0) {
          throw new TRPCError({ code: 'NOT_FOUND', message: `no trace ${id}: never received, or removed` });
        }
        return { id, spans, lines, receivedMs: search.receivedMs(id) };
      }),

    /** `seenSeq`: what follows these lines comes after it. */
    lines: t.procedure.input(lineQuery).query(({ input }): { items: StoredLine[]; seenSeq: number } => {
      // Read first: what comes in between is found next time.
      const lastSeq = search.lastSeq();
      const items = search.lines(input);
      const isCut = input.afterSeq !== undefined && items.length === input.limit;
      return { items, seenSeq: isCut ? (items.at(-1)?.seq ?? lastSeq) : lastSeq };
    }),
  });
}

export type ConsoleRouter = ReturnType<typeof createConsoleRouter>;
