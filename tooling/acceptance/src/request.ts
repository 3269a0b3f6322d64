import type { LogEventName } from '@products/telemetry/contract';

/** One request of the corpus. */
export interface CorpusRequest {
  /** Unique: reports and allow-lists refer to it. */
  readonly name: string;
  readonly method: string;
  /** Sent as it is; `{created}` stands for the id of the row that the service created last. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Its answer is chosen at random: parity compares only the form of body and log. */
  readonly isRandom?: boolean;
  /** Its body is for people or changes all the time. */
  readonly isBodyIgnored?: boolean;
  readonly expected?: Expected;
}

/** What a request leaves behind in a healthy service. */
interface Expected {
  readonly status: number;
  /** The `path` label of its metrics. */
  readonly route: string;
  /** The tree of its spans, a child indented by two spaces; empty for a request that is not traced. */
  readonly spans: readonly string[];
  /** Its log lines, without those at DEBUG. */
  readonly lines: readonly LogEventName[];
  /** Whether it is counted and timed. */
  readonly isMeasured: boolean;
}

/** A request and its telemetry. */
export interface Expectation extends Expected {
  readonly request: CorpusRequest;
}

type Options = Partial<Omit<CorpusRequest, 'name' | 'method' | 'path'>> & {
  /** Distinguishes requests of the same method and path. */
  readonly note?: string;
};

export function request(method: string, path: string, { note, ...options }: Options = {}): CorpusRequest {
  return { name: `${method} ${path}${note === undefined ? '' : ` (${note})`}`, method, path, ...options };
}

export const get = (path: string, options?: Options): CorpusRequest => request('GET', path, options);

/** A POST of JSON; text is sent as it is. */
export const post = withBody('POST');

/** A PATCH of JSON. */
export const patch = withBody('PATCH');

function withBody(method: string) {
  return (path: string, note: string, value: unknown, { headers, ...options }: Options = {}): CorpusRequest => {
    const body = typeof value === 'string' ? value : JSON.stringify(value);
    const all = { 'Content-Type': 'application/json', ...headers };
    return request(method, path, { note, headers: all, body, ...options });
  };
}

/** A query of tRPC. */
export function query(procedure: string, input?: unknown, options?: Options): CorpusRequest {
  const path = `/trpc/${procedure}`;
  if (input === undefined) return get(path, options);
  const json = JSON.stringify(input);
  return { ...get(`${path}?input=${encodeURIComponent(json)}`, options), name: `GET ${path} ${json}` };
}

/** What a traced request leaves behind; `between` are its log lines between the first and the last. */
export function leaves(
  status: number,
  route: string,
  spans: readonly string[],
  between: readonly LogEventName[] = [],
): { readonly expected: Expected } {
  const lines: LogEventName[] = ['request_received', ...between, 'request_completed'];
  return { expected: { status, route, spans, lines, isMeasured: true } };
}

/** What a probe or a scrape leaves behind: neither spans nor log lines, and no count. */
export function leavesNoTrace(route: string): { readonly expected: Expected } {
  return { expected: { status: 200, route, spans: [], lines: [], isMeasured: false } };
}
