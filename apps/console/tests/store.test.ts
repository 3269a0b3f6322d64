// What is kept: across restarts, within bounds, in a file that may be broken.
import { copyFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Span } from '@products/decoders';
import { describe, expect, it } from 'vitest';
import type { Status } from '../src/serve/router.js';
import { Search } from '../src/store/search.js';
import { Store } from '../src/store/store.js';
import { askRouter, createFolder, recordedPackets, sendPacket, start } from './running-console.js';

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

const createSpan = (index: number, more: Partial<Span> = {}): Span => ({
  traceId: hex(index + 1, 32),
  spanId: hex(index + 1, 16),
  parentId: '',
  links: [],
  service: 'test',
  processTags: [],
  name: 'GET /',
  kind: 'server',
  flags: 1,
  startUs: 1_795_726_426_165_000 + index,
  durationUs: 1_000,
  tags: [{ key: 'text', type: 'string', value: 'x'.repeat(1_000) }],
  logs: [],
  ...more,
});

function openStore(options: Partial<ConstructorParameters<typeof Store>[0]> = {}) {
  const warnings: string[] = [];
  const store = new Store({
    file: path.join(createFolder(), 'console.db'),
    bytesMax: 1e9,
    ageMaxMs: 1e9,
    warn: (problem) => warnings.push(problem),
    ...options,
  });
  return { store, search: new Search(store.database), warnings };
}

it('a restart finds everything again', async () => {
  const { url, portOf, folder, close } = await start();
  for (const { protocol, bytes } of recordedPackets) await sendPacket(portOf[protocol], bytes);
  await expect.poll(async () => (await askRouter<Status>(url, 'status')).counts.spans).toBe(43);
  await close();
  const again = await start({ folder });
  expect((await askRouter<Status>(again.url, 'status')).counts).toMatchObject({ spans: 43, traces: 23 });
  expect(again.warnings).toEqual([]);
});

describe('a file that cannot be used is moved aside, said, and started anew:', () => {
  const use = async (damage: (file: string) => void) => {
    const first = await start();
    for (const { protocol, bytes } of recordedPackets) await sendPacket(first.portOf[protocol], bytes);
    await first.close();
    damage(path.join(first.folder, 'console.db'));
    const again = await start({ folder: first.folder });
    expect((await askRouter<Status>(again.url, 'status')).counts.spans).toBe(0);
    expect(readdirSync(first.folder).some((name) => /^console\.db\.\d{4}-/.test(name))).toBe(true);
    return again.warnings;
  };

  it('of another version', async () => {
    const warnings = await use((file) => {
      const database = new DatabaseSync(file);
      database.exec('PRAGMA user_version = 99');
      database.close();
    });
    expect(warnings).toEqual([expect.stringMatching(/^the file has version 99, not \d+: moved to /)]);
  });

  it('another program’s', async () => {
    const warnings = await use((file) => {
      copyFileSync(file, `${file}.old`);
      truncateSync(file);
      const database = new DatabaseSync(file);
      database.exec('CREATE TABLE other (id)');
      database.close();
    });
    expect(warnings[0]).toMatch(/^the file is another program’s: moved to /);
  });

  it('broken', async () => {
    const warnings = await use((file) => writeFileSync(file, 'no database at all'.repeat(500)));
    expect(warnings[0]).toMatch(/not a database: moved to /);
  });
});

describe('bounds', () => {
  it('the oldest go when there are too many, and that is counted', () => {
    const { store, search } = openStore({ bytesMax: 4_000_000 });
    for (let batch = 0; batch < 10; batch += 1) {
      store.addSpans(Array.from({ length: 1_000 }, (_, index) => createSpan(batch * 1_000 + index)));
      store.flush();
    }
    while (store.removeOld());
    expect(store.bytes).toBeLessThanOrEqual(4_000_000);
    const { spans, traces } = search.counts();
    expect(spans).toBeGreaterThan(0);
    expect(traces).toBe(spans);
    expect(store.losses.removedSpans).toBe(10_000 - spans);
    expect(search.spans(hex(10_000, 32))).toHaveLength(1);
    expect(search.spans(hex(1, 32))).toEqual([]);
    store.close();
  });

  it('what is too old goes, by its receipt and not by its own time', () => {
    const { store, search } = openStore({ ageMaxMs: -1 });
    store.addSpans([createSpan(1, { startUs: 4_000_000_000_000_000 })]);
    store.addLine({ timeMs: 9e15, level: 'INFO', service: '', message: 'm', traceId: '', spanId: '', fields: {} });
    store.flush();
    store.removeOld();
    expect(search.counts()).toEqual({ spans: 0, traces: 0, lines: 0 });
    expect(store.losses).toMatchObject({ removedSpans: 1, removedLines: 1 });
    store.close();
  });

  it('lines of the time of the spans that go, go with them, and later ones stay', async () => {
    const { store, search } = openStore({ bytesMax: 3_000_000 });
    const line = { timeMs: 1, level: 'INFO', service: '', traceId: '', spanId: '', fields: {} };
    store.addLine({ ...line, message: 'early' });
    store.addSpans(Array.from({ length: 4_000 }, (_, index) => createSpan(index)));
    store.flush();
    await new Promise((resolve) => setTimeout(resolve, 20));
    store.addSpans(Array.from({ length: 2_000 }, (_, index) => createSpan(10_000 + index, { tags: [] })));
    store.addLine({ ...line, message: 'late' });
    store.flush();
    while (store.removeOld());
    expect(search.lines({ limit: 10 }).map(({ message }) => message)).toEqual(['late']);
    store.close();
  });

  it('what cannot be written is dropped and counted, and takes nothing else with it', () => {
    const { store, search } = openStore();
    let deep: unknown = 'end';
    for (let depth = 0; depth < 50_000; depth += 1) deep = [deep];
    const line = { timeMs: 1, level: 'INFO', service: '', message: 'm', traceId: '', spanId: '' };
    store.addLine({ ...line, fields: { deep } });
    store.addLine({ ...line, fields: {} });
    store.addSpans([createSpan(1, { name: { not: 'a text' } as unknown as string }), createSpan(2)]);
    store.flush();
    expect(search.counts()).toMatchObject({ spans: 2, lines: 1 });
    expect(store.losses.droppedLines).toBe(1);
    store.close();
  });

  it('what a full disk does not take waits, is said once, and is written when there is room', () => {
    const { store, search, warnings } = openStore();
    store.database.exec('PRAGMA max_page_count = 20');
    store.addSpans(Array.from({ length: 500 }, (_, index) => createSpan(index)));
    store.flush();
    store.flush();
    expect(warnings).toEqual([expect.stringMatching(/console\.db: .*full/)]);
    expect(store.problem).toMatch(/full/);
    expect(search.counts().spans).toBe(0);
    store.database.exec('PRAGMA max_page_count = 100000');
    store.flush();
    expect(search.counts().spans).toBe(500);
    expect(store.problem).toBeUndefined();
    store.close();
  });

  it('what comes faster than it can be written is dropped and counted', () => {
    const { store } = openStore();
    store.addSpans(Array.from({ length: 100_010 }, (_, index) => createSpan(index, { tags: [] })));
    expect(store.losses.droppedSpans).toBe(10);
    store.close();
  });
});

describe('a trace', () => {
  it('goes on arriving: its root, its status and its extent are what is known', () => {
    const { store, search } = openStore();
    const traceId = hex(7, 32);
    const status = { key: 'http.response.status_code', type: 'int64', value: 503 } as const;
    const child = createSpan(1, { traceId, parentId: hex(9, 16), kind: 'client', name: 'db_query', startUs: 2_000 });
    store.addSpans([child]);
    store.flush();
    expect(search.traces({ limit: 1 })).toMatchObject([{ name: 'db_query', spans: 1, durationUs: 1_000, status: '' }]);
    store.addSpans([
      createSpan(8, {
        traceId,
        spanId: hex(9, 16),
        name: 'GET /products',
        startUs: 1_000,
        durationUs: 3_000,
        tags: [status],
      }),
    ]);
    store.flush();
    expect(search.traces({ limit: 1 })).toMatchObject([
      { name: 'GET /products', spans: 2, durationUs: 3_000, status: '503' },
    ]);
    // The same span once more, as a sender that repeats itself.
    store.addSpans([child]);
    store.flush();
    expect(search.spans(traceId)).toHaveLength(2);
    store.close();
  });

  it('is found by what its spans have', () => {
    const { store, search } = openStore();
    const tag = (key: string, value: string | number) => ({ key, type: 'string', value }) as const;
    store.addSpans([
      createSpan(1, { name: 'a', tags: [tag('http.response.status_code', 404)], durationUs: 5_000 }),
      createSpan(2, { name: 'b', tags: [tag('user', 'O\'Neil "x"')], durationUs: 50 }),
      createSpan(3, { name: 'c', service: 'other', tags: [{ key: 'error', type: 'bool', value: true }] }),
    ]);
    store.flush();
    const names = (query: object) => search.traces({ limit: 10, ...query }).map(({ name }) => name);
    expect(names({})).toEqual(['c', 'b', 'a']);
    expect(names({ service: 'other' })).toEqual(['c']);
    expect(names({ operation: 'b' })).toEqual(['b']);
    expect(names({ tags: { user: 'O\'Neil "x"' } })).toEqual(['b']);
    expect(names({ tags: { user: 'x' } })).toEqual([]);
    expect(names({ minDurationUs: 1_000 })).toEqual(['c', 'a']);
    expect(names({ maxDurationUs: 100 })).toEqual(['b']);
    expect(names({ status: '4xx' })).toEqual(['a']);
    expect(names({ isError: true })).toEqual(['c']);
    store.close();
  });
});

it('lines are found by fields of any type, as they are written', () => {
  const { store, search } = openStore();
  const line = { timeMs: 1, level: 'INFO', service: '', message: 'm', traceId: '', spanId: '' };
  store.addLine({ ...line, fields: { text: 'a b', yes: true, no: false, none: null, count: 12, share: 0.5 } });
  store.addLine({ ...line, fields: { text: 'true', yes: 1 } });
  store.flush();
  const found = (name: string, value: string) => search.lines({ fields: { [name]: value }, limit: 10 }).length;
  expect(found('text', 'a b')).toBe(1);
  expect(found('yes', 'true')).toBe(1);
  expect(found('no', 'false')).toBe(1);
  expect(found('none', 'null')).toBe(1);
  expect(found('count', '12')).toBe(1);
  expect(found('share', '0.5')).toBe(1);
  expect(found('text', 'true')).toBe(1);
  expect(found('text', 'a')).toBe(0);
  store.close();
});
