import type { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { type Line, type Span, tagOf } from '@products/decoders';
import { describeError } from '../describe-error.js';
import { openDatabase } from './database.js';
import { prepare } from './statements.js';

/** What is received is written this often, in one transaction. */
const FLUSH_EVERY_MS = 100;
/** What may wait to be written, in spans and lines; a disk that is full costs no more memory. */
const PENDING_MAX = 100_000;
const RETENTION_EVERY_MS = 10_000;
/** Rows that one step of the removal takes away, in a few milliseconds. */
const REMOVED_AT_ONCE = 2_000;

export interface StoreOptions {
  /** `:memory:` keeps nothing. */
  readonly file: string;
  readonly bytesMax: number;
  /** Since receipt. */
  readonly ageMaxMs: number;
  /** Told what a person should know: a file moved aside, a full disk. */
  readonly warn: (problem: string) => void;
}

/** What was received and is not there any more, or never was. */
export interface Losses {
  readonly removedSpans: number;
  readonly removedLines: number;
  /** Not written: too much at once, or the disk is full. */
  readonly droppedSpans: number;
  readonly droppedLines: number;
}

/** Spans, lines and scrapes in SQLite, bounded by size and by age. */
export class Store {
  readonly database: DatabaseSync;
  readonly #options: StoreOptions;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #timers: NodeJS.Timeout[];
  readonly #processes = new Map<string, number>();
  /** Operations that are in their table already. */
  readonly #operations = new Set<string>();
  #spans: { row: SpanRow; receivedMs: number }[] = [];
  #lines: { row: LineRow; receivedMs: number }[] = [];
  #droppedSpans = 0;
  #droppedLines = 0;
  #problem: string | undefined;
  #isOpen = true;

  constructor(options: StoreOptions) {
    const { database, movedAside } = openDatabase(options.file);
    if (movedAside !== undefined) options.warn(movedAside);
    this.database = database;
    this.#options = options;
    this.#statements = prepare(database);
    this.#timers = [
      setInterval(() => this.flush(), FLUSH_EVERY_MS).unref(),
      setInterval(() => this.#removeAll(), RETENTION_EVERY_MS).unref(),
    ];
  }

  addSpans(spans: readonly Span[]): void {
    const receivedMs = Date.now();
    for (const span of spans) {
      const row = this.#spans.length < PENDING_MAX ? attempt(() => toSpanRow(span)) : undefined;
      if (row === undefined) this.#droppedSpans += 1;
      else this.#spans.push({ row, receivedMs });
    }
  }

  addLine(line: Line): void {
    const row = this.#lines.length < PENDING_MAX ? attempt(() => toLineRow(line)) : undefined;
    if (row === undefined) this.#droppedLines += 1;
    else this.#lines.push({ row, receivedMs: Date.now() });
  }

  countDroppedLines(lines: number): void {
    this.#droppedLines += lines;
  }

  /** What `/metrics` answered. */
  addScrape(timeMs: number, body: string): void {
    this.#write(() => this.#statements.insertScrape.run(timeMs, gzipSync(body, { level: 1 })));
  }

  /** Writes what was received; what the disk does not take waits, as far as there is room. */
  flush(): void {
    if (this.#spans.length === 0 && this.#lines.length === 0) return;
    const spans = this.#spans;
    const lines = this.#lines;
    const isWritten = this.#write(() => {
      this.database.exec('BEGIN');
      try {
        for (const each of spans) this.#insertSpan(each.row, each.receivedMs);
        for (const each of lines) this.#insertLine(each.row, each.receivedMs);
        this.database.exec('COMMIT');
      } catch (error) {
        if (this.database.isTransaction) this.database.exec('ROLLBACK');
        this.#processes.clear();
        this.#operations.clear();
        throw error;
      }
    });
    if (!isWritten) return;
    this.#spans = [];
    this.#lines = [];
  }

  /** Bytes in use of the file. */
  get bytes(): number {
    const pragma = (name: string) => Number(this.database.prepare(`PRAGMA ${name}`).get()?.[name]);
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  }

  get losses(): Losses {
    const removed = (what: string) => Number(this.#statements.selectRemoved.get(what)?.['count'] ?? 0);
    return {
      removedSpans: removed('spans'),
      removedLines: removed('lines'),
      droppedSpans: this.#droppedSpans,
      droppedLines: this.#droppedLines,
    };
  }

  /** Why nothing is written at the moment. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Removes some of what is too old, or the oldest of what is too much. Returns whether there may be more. */
  removeOld(): boolean {
    let removed = 0;
    this.#write(() => {
      removed = this.#removeUntil(Date.now() - this.#options.ageMaxMs);
      if (removed === 0 && this.bytes > this.#options.bytesMax) removed = this.#removeUntil(this.#oldestPart());
    });
    return removed > 0;
  }

  close(): void {
    this.#isOpen = false;
    for (const timer of this.#timers) clearInterval(timer);
    this.flush();
    this.database.close();
  }

  /** Step by step: what is received meanwhile is not held up. */
  #removeAll(): void {
    if (this.#isOpen && this.removeOld()) setImmediate(() => this.#removeAll());
  }

  /** The time until which a step's worth of spans, or of lines, was received. */
  #oldestPart(): number {
    const times = [this.#statements.selectSpanTime, this.#statements.selectLineTime]
      .map((statement) => statement.get(REMOVED_AT_ONCE - 1)?.['received_ms'])
      .filter((time) => time !== undefined);
    return times.length === 0 ? Number.MAX_SAFE_INTEGER : Math.min(...times.map(Number)) + 1;
  }

  #removeUntil(beforeMs: number): number {
    const statements = this.#statements;
    this.database.exec('BEGIN');
    const traceIds = statements.deleteSpans.all(REMOVED_AT_ONCE, beforeMs).map((row) => String(row['trace_id']));
    for (const traceId of new Set(traceIds)) statements.deleteEmptyTrace.run(traceId);
    const spans = traceIds.length;
    const lines = Number(statements.deleteLines.run(REMOVED_AT_ONCE, beforeMs).changes);
    const scrapes = Number(statements.deleteScrapes.run(REMOVED_AT_ONCE, beforeMs).changes);
    if (spans > 0) statements.countRemoved.run('spans', spans);
    if (lines > 0) statements.countRemoved.run('lines', lines);
    this.database.exec('COMMIT');
    return spans + lines + scrapes;
  }

  #insertSpan(row: SpanRow, receivedMs: number): void {
    const { traceId, spanId, parentId, service, name, kind, startUs, durationUs, flags, isError, status } = row;
    this.#statements.insertSpan.run(
      traceId,
      spanId,
      parentId,
      this.#processIdOf(service, row.processTags),
      service,
      name,
      kind,
      startUs,
      durationUs,
      isError,
      flags,
      receivedMs,
      row.tags,
      row.logs,
      row.links,
    );
    const operation = `${service}\n${name}\n${kind}`;
    if (!this.#operations.has(operation)) {
      if (this.#operations.size > 10_000) this.#operations.clear();
      this.#operations.add(operation);
      this.#statements.insertOperation.run(service, name, kind);
    }
    // A root before a server's span, that before any other: what comes later may be nearer to the root.
    const rank = parentId === '' ? 0 : kind === 'server' ? 1 : 2;
    this.#statements.upsertTrace.run({
      trace_id: traceId,
      start_us: startUs,
      end_us: startUs + durationUs,
      rank,
      service,
      name,
      status,
      errors: isError,
      received_ms: receivedMs,
    });
  }

  #processIdOf(service: string, tags: string): number {
    const key = `${service}\n${tags}`;
    const known = this.#processes.get(key);
    if (known !== undefined) return known;
    const id = Number(this.#statements.upsertProcess.get(service, tags)?.['id']);
    if (this.#processes.size > 1_000) this.#processes.clear();
    this.#processes.set(key, id);
    return id;
  }

  #insertLine({ timeMs, level, service, message, traceId, spanId, fields }: LineRow, receivedMs: number): void {
    this.#statements.insertLine.run(timeMs, level, service, message, traceId, spanId, receivedMs, fields);
  }

  /** Whether it succeeded; the first failure of several is told. */
  #write(work: () => void): boolean {
    try {
      work();
      this.#problem = undefined;
      return true;
    } catch (error) {
      const problem = describeError(error);
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      if (this.#problem !== problem) this.#options.warn(`${this.#options.file}: ${problem}`);
      this.#problem = problem;
      return false;
    }
  }
}

interface SpanRow extends Omit<Span, 'processTags' | 'tags' | 'logs' | 'links'> {
  readonly processTags: string;
  readonly tags: string;
  readonly logs: string;
  readonly links: string;
  readonly isError: 0 | 1;
  readonly status: string;
}

interface LineRow extends Omit<Line, 'fields'> {
  readonly fields: string;
}

/** The texts of a span that the database takes, whatever its sender took for one. */
function toSpanRow(span: Span): SpanRow {
  const error = tagOf(span.tags, 'error');
  const status = tagOf(span.tags, 'http.response.status_code') ?? tagOf(span.tags, 'http.status_code') ?? '';
  return {
    ...span,
    service: String(span.service),
    name: String(span.name),
    processTags: JSON.stringify(span.processTags),
    tags: JSON.stringify(span.tags),
    logs: JSON.stringify(span.logs),
    links: JSON.stringify(span.links),
    isError: error === true || error === 'true' ? 1 : 0,
    status: String(status),
  };
}

function toLineRow(line: Line): LineRow {
  return {
    ...line,
    level: String(line.level),
    service: String(line.service),
    message: String(line.message),
    fields: JSON.stringify(line.fields),
  };
}

/** Undefined for what cannot be written as text: too deep for JSON. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
