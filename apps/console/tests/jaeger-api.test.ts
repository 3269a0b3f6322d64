// The query API against what a stock Jaeger 1.76 answered for the same packets (`jaeger-1.76/`).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { decodePacket, type Encoding } from '@products/decoders';
import { beforeAll, describe, expect, it } from 'vitest';
import { answerJaeger } from '../src/serve/jaeger-api.js';
import { Search } from '../src/store/search.js';
import { Store } from '../src/store/store.js';
import { promised, type Tag, type Trace } from './promised-answer.js';

interface Recorded {
  readonly path: string;
  readonly status: number;
  readonly body: Body;
}

interface Body {
  readonly data: unknown[] | null;
  readonly total: number;
  readonly errors: unknown;
}

const readLines = <T>(name: string): T[] =>
  readFileSync(path.join(import.meta.dirname, 'jaeger-1.76', name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

let search: Search;
beforeAll(() => {
  const store = new Store({ file: ':memory:', bytesMax: 1e9, ageMaxMs: 1e9, warn: expect.unreachable });
  for (const { protocol, hex } of readLines<{ protocol: Encoding; hex: string }>('packets.jsonl')) {
    store.addSpans(decodePacket(Buffer.from(hex, 'hex'), protocol));
  }
  store.flush();
  search = new Search(store.database);
});

const ask = (target: string) => {
  const url = new URL(target, 'http://localhost');
  return answerJaeger(search, url.pathname, url.searchParams) as { status: number; body: Body } | undefined;
};

/** Tags that a query finds here and not in Jaeger: a boolean, fields of a span's logs. */
const MORE = [
  { key: 'error', value: 'true' },
  { key: 'event', value: 'exception' },
  { key: 'exception.type', value: 'TypeError' },
] as const;
const queryOf = ({ key, value }: Tag) => `tags=${encodeURIComponent(JSON.stringify({ [key]: value }))}`;

const recorded = readLines<Recorded>('answers.jsonl').filter(
  // There for information.
  (each) => !/^\/api\/(?:dependencies|metrics|v3)/.test(each.path),
);

it.each(
  recorded
    .filter((each) => !MORE.some((tag) => each.path.includes(queryOf(tag))))
    .map((each) => [each.path, each] as const),
)('answers GET %s as Jaeger', (target, { status, body }) => {
  const answer = ask(target);
  expect(answer?.status).toBe(status);
  if (status !== 200) {
    expect(answer?.body).toMatchObject({ data: null, total: 0, errors: [{ code: status, msg: expect.any(String) }] });
    return;
  }
  if (target.includes('limit=')) expect(answer?.body.data?.length).toBe(body.data?.length);
  // Which ones a limit leaves out is not promised.
  if (/limit=[23]\b/.test(target)) return;
  expect(promised(answer?.body.data ?? null)).toEqual(promised(body.data));
  expect({ ...answer?.body, data: null }).toEqual({ ...body, data: null });
});

describe('beyond Jaeger', () => {
  it.each(MORE)('finds $key=$value', (wanted) => {
    const all = '/api/traces?service=backend-service&start=1&end=9999999999999999&limit=1000';
    const has = (tags: readonly Tag[]) =>
      tags.some(({ key, value }) => key === wanted.key && String(value) === wanted.value);
    const expected = ((ask(all)?.body.data ?? []) as Trace[]).filter(({ spans }) =>
      spans.some(({ tags, logs }) => has(tags) || logs.some(({ fields }) => has(fields))),
    );
    expect(expected.length).toBeGreaterThan(0);
    const found = ask(`${all}&${queryOf(wanted)}`)?.body.data as Trace[];
    expect(found.map(({ traceID }) => traceID)).toEqual(expected.map(({ traceID }) => traceID));
  });

  it('lists the newest traces when there are more than the limit', () => {
    const starts = (target: string) =>
      ((ask(target)?.body.data ?? []) as Trace[]).map(({ spans }) =>
        Math.min(...spans.map(({ startTime }) => startTime)),
      );
    const all = starts('/api/traces?service=backend-service&start=1&end=9999999999999999&limit=1000');
    expect(all.length).toBeGreaterThan(3);
    expect(starts('/api/traces?service=backend-service&start=1&end=9999999999999999&limit=3')).toEqual(all.slice(0, 3));
    expect(all).toEqual([...all].sort((a, b) => b - a));
  });
});
