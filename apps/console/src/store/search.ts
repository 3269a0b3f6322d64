import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Line, Span, SpanLog, Tag } from '@products/decoders';

/** Traces whose spans a search looks at, the newest: it must not hold up what is received. */
const SEARCHED_MAX = 20_000;

/** A trace as lists show it. */
export interface TraceSummary {
  readonly traceId: string;
  /** Microseconds since 1970. */
  readonly startUs: number;
  /** From the first start to the last end. */
  readonly durationUs: number;
  readonly service: string;
  readonly name: string;
  /** The HTTP status; blank without one. */
  readonly status: string;
  readonly spans: number;
  readonly errors: number;
  readonly lines: number;
}

/** Which traces are wanted. What is left out does not matter. Conditions on spans must hold for one and the same. */
export interface TraceQuery {
  readonly service?: string | undefined;
  readonly operation?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly minDurationUs?: number | undefined;
  readonly maxDurationUs?: number | undefined;
  readonly status?: string | undefined;
  readonly isError?: boolean | undefined;
  readonly sinceUs?: number | undefined;
  readonly untilUs?: number | undefined;
  readonly limit: number;
}

/** A stored line; its `seq` grows with receipt. */
export interface StoredLine extends Line {
  readonly seq: number;
}

export interface LineQuery {
  /** In the message or the fields, whatever its case. */
  readonly text?: string | undefined;
  readonly levels?: readonly string[] | undefined;
  readonly traceId?: string | undefined;
  /** Fields with these texts. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  /** Only later ones than this; the first of them. */
  readonly afterSeq?: number | undefined;
  /** Only earlier ones than this; the last of them. */
  readonly beforeSeq?: number | undefined;
  readonly limit: number;
}

type Row = Record<string, unknown>;

/** What the store is asked for. */
export class Search {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const matches = (tags: unknown, logs: unknown, processTags: unknown, key: unknown, value: unknown) =>
      hasTag([tags, logs, processTags].map(String), String(key), String(value)) ? 1 : 0;
    database.function('has_tag', { deterministic: true }, matches as (...parameters: SQLInputValue[]) => SQLInputValue);
  }

  services(): string[] {
    return this.#all('SELECT DISTINCT service FROM processes ORDER BY service').map(({ service }) => String(service));
  }

  operations(service: string, kind?: string): { name: string; kind: string }[] {
    const sql = `SELECT name, kind FROM operations WHERE service = ? ${kind === undefined ? '' : 'AND kind = ?'} ORDER BY name`;
    const rows = this.#all(sql, service, ...(kind === undefined ? [] : [kind]));
    return rows.map((row) => ({ name: String(row['name']), kind: String(row['kind']) }));
  }

  /** The newest traces first. */
  traces(query: TraceQuery): TraceSummary[] {
    const { from, values } = sourceOf(query);
    const sql = `SELECT traces.*, (SELECT count(*) FROM lines WHERE lines.trace_id = traces.trace_id) AS lines
      FROM ${from} ORDER BY start_us DESC LIMIT ?`;
    return this.#all(sql, ...values, query.limit).map(toSummary);
  }

  /** How many traces there are of these. */
  countTraces(query: Omit<TraceQuery, 'limit'>): number {
    const { from, values } = sourceOf({ ...query, limit: 0 });
    return Number(this.#all(`SELECT count(*) AS count FROM ${from}`, ...values)[0]?.['count']);
  }

  /** All spans of a trace, in the order of their starts; the same span once, however often it came. */
  spans(traceId: string): Span[] {
    const rows = this.#all(
      `SELECT spans.*, processes.tags AS process_tags FROM spans JOIN processes ON processes.id = spans.process_id
       WHERE trace_id = ? ORDER BY start_us, seq`,
      traceId,
    );
    const spans = new Map<string, Span>();
    for (const row of rows) spans.set(`${row['span_id']} ${row['process_id']} ${row['kind']}`, toSpan(row));
    return [...spans.values()];
  }

  hasTrace(traceId: string): boolean {
    return this.#all('SELECT 1 FROM traces WHERE trace_id = ?', traceId).length > 0;
  }

  /** When the last span of a trace was received, in milliseconds since 1970. */
  receivedMs(traceId: string): number {
    return Number(this.#all('SELECT received_ms FROM traces WHERE trace_id = ?', traceId)[0]?.['received_ms'] ?? 0);
  }

  /** Lines in the order of their receipt. */
  lines({ text, levels, traceId, fields = {}, afterSeq, beforeSeq, limit }: LineQuery): StoredLine[] {
    const conditions: string[] = [];
    const values: SQLInputValue[] = [];
    const add = (condition: string, ...more: SQLInputValue[]) => {
      conditions.push(condition);
      values.push(...more);
    };
    if (traceId !== undefined) add('trace_id = ?', traceId);
    if (text !== undefined && text !== '')
      add("(message LIKE ? ESCAPE '\\' OR fields LIKE ? ESCAPE '\\')", like(text), like(text));
    if (levels !== undefined) add(`level IN (${levels.map(() => '?').join()})`, ...levels);
    for (const [name, value] of Object.entries(fields)) {
      // A JSON `true` is 1 to `->>`.
      add('(CAST(fields ->> ? AS TEXT) = ? OR fields -> ? = ?)', jsonPath(name), value, jsonPath(name), value);
    }
    if (afterSeq !== undefined) add('seq > ?', afterSeq);
    if (beforeSeq !== undefined) add('seq < ?', beforeSeq);
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const order = afterSeq === undefined ? 'DESC' : 'ASC';
    const rows = this.#all(`SELECT * FROM lines ${where} ORDER BY seq ${order} LIMIT ?`, ...values, limit);
    const lines = rows.map(toLine);
    return afterSeq === undefined ? lines.reverse() : lines;
  }

  /** Scrapes since then, oldest first. */
  scrapes(sinceMs: number): { timeMs: number; body: Uint8Array }[] {
    const rows = this.#all('SELECT time_ms, body FROM scrapes WHERE time_ms > ? ORDER BY time_ms', sinceMs);
    return rows.map((row) => ({ timeMs: Number(row['time_ms']), body: row['body'] as Uint8Array }));
  }

  /** The `seq` of the line that came last; 0 without any. */
  lastSeq(): number {
    return Number(this.#all('SELECT max(seq) AS seq FROM lines')[0]?.['seq'] ?? 0);
  }

  counts(): { spans: number; traces: number; lines: number } {
    const [row = {}] = this.#all(
      'SELECT (SELECT count(*) FROM spans) AS spans, (SELECT count(*) FROM traces) AS traces, (SELECT count(*) FROM lines) AS lines',
    );
    return { spans: Number(row['spans']), traces: Number(row['traces']), lines: Number(row['lines']) };
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#database.prepare(sql).all(...values) as Row[];
  }
}

/** What traces are selected from: the table with its conditions, those on spans for the newest ones only. */
function sourceOf(query: TraceQuery): { from: string; values: SQLInputValue[] } {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  if (query.sinceUs !== undefined) {
    conditions.push('traces.start_us >= ?');
    values.push(query.sinceUs);
  }
  if (query.untilUs !== undefined) {
    conditions.push('traces.start_us <= ?');
    values.push(query.untilUs);
  }
  if (query.status !== undefined) {
    // `5xx` is every status of that class.
    conditions.push('traces.status LIKE ?');
    values.push(query.status.replaceAll(/x/gi, '_'));
  }
  if (query.isError === true) conditions.push('traces.errors > 0');

  const ofSpan: string[] = [];
  const spanValues: SQLInputValue[] = [];
  const add = (condition: string, ...more: SQLInputValue[]) => {
    ofSpan.push(condition);
    spanValues.push(...more);
  };
  if (query.service !== undefined) add('spans.service = ?', query.service);
  if (query.operation !== undefined) add('spans.name = ?', query.operation);
  if (query.minDurationUs !== undefined) add('spans.duration_us >= ?', query.minDurationUs);
  if (query.maxDurationUs !== undefined) add('spans.duration_us <= ?', query.maxDurationUs);
  for (const [key, value] of Object.entries(query.tags ?? {})) {
    // The texts first: most spans have neither.
    add(
      `(instr(spans.tags, ?) OR instr(spans.logs, ?) OR instr(processes.tags, ?))
        AND has_tag(spans.tags, spans.logs, processes.tags, ?, ?)`,
      ...Array<string>(3).fill(JSON.stringify(value).slice(1, -1)),
      key,
      value,
    );
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  if (ofSpan.length === 0) return { from: `traces ${where}`, values };
  return {
    from: `(SELECT * FROM traces ${where} ORDER BY start_us DESC LIMIT ${SEARCHED_MAX}) AS traces
      WHERE EXISTS (SELECT 1 FROM spans JOIN processes ON processes.id = spans.process_id
        WHERE spans.trace_id = traces.trace_id AND ${ofSpan.join(' AND ')})`,
    values: [...values, ...spanValues],
  };
}

/** Whether the span, one of its events or its process has the tag. */
function hasTag(texts: readonly string[], key: string, value: string): boolean {
  const needle = `"key":${JSON.stringify(key)}`;
  return texts.some((text) => {
    if (!text.includes(needle)) return false;
    const parsed = JSON.parse(text) as (Tag | SpanLog)[];
    return parsed.some((each) =>
      'fields' in each ? each.fields.some((tag) => isTag(tag, key, value)) : isTag(each, key, value),
    );
  });
}

function isTag(tag: Tag, key: string, value: string): boolean {
  return tag.key === key && String(tag.value) === value;
}

function like(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
}

function jsonPath(name: string): string {
  return `$."${name.replaceAll('"', '')}"`;
}

function toSummary(row: Row): TraceSummary {
  return {
    traceId: String(row['trace_id']),
    startUs: Number(row['start_us']),
    durationUs: Number(row['end_us']) - Number(row['start_us']),
    service: String(row['root_service']),
    name: String(row['root_name']),
    status: String(row['status']),
    spans: Number(row['spans']),
    errors: Number(row['errors']),
    lines: Number(row['lines']),
  };
}

function toSpan(row: Row): Span {
  return {
    traceId: String(row['trace_id']),
    spanId: String(row['span_id']),
    parentId: String(row['parent_id']),
    links: JSON.parse(String(row['links'])),
    service: String(row['service']),
    processTags: JSON.parse(String(row['process_tags'])),
    name: String(row['name']),
    kind: String(row['kind']),
    flags: Number(row['flags']),
    startUs: Number(row['start_us']),
    durationUs: Number(row['duration_us']),
    tags: JSON.parse(String(row['tags'])),
    logs: JSON.parse(String(row['logs'])),
  };
}

function toLine(row: Row): StoredLine {
  return {
    seq: Number(row['seq']),
    timeMs: Number(row['time_ms']),
    level: String(row['level']),
    service: String(row['service']),
    message: String(row['message']),
    traceId: String(row['trace_id']),
    spanId: String(row['span_id']),
    fields: JSON.parse(String(row['fields'])),
  };
}
