// The API that Jaeger's page and Grafana's data source ask (https://www.jaegertracing.io/docs/1.76/architecture/apis/#internal-http-json).
import type { Span, Tag } from '@products/decoders';
import type { Search } from '../store/search.js';
import { readTraceId } from '../store/trace-id.js';

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_500;
/** Without `start`: an hour, as Jaeger's page asks by default. */
const LOOKBACK_US = 3_600_000_000;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

class BadRequest extends Error {}

/**
 * Answers a GET of Jaeger's API.
 *
 * @param path below the root: `/api/services`
 * @returns undefined where the API has no such path
 */
export function answerJaeger(search: Search, path: string, query: URLSearchParams): Answer | undefined {
  try {
    return route(search, path, query);
  } catch (error) {
    if (error instanceof BadRequest) return fail(400, error.message);
    throw error;
  }
}

function route(search: Search, path: string, query: URLSearchParams): Answer | undefined {
  if (path === '/api/services') return list(search.services());
  const operationsOf = /^\/api\/services\/([^/]+)\/operations$/.exec(path);
  if (operationsOf !== null) {
    const names = search.operations(decode(operationsOf[1])).map(({ name }) => name);
    return list([...new Set(names)]);
  }
  if (path === '/api/operations') {
    const service = query.get('service') || missing('service');
    const operations = search.operations(service, query.get('spanKind') ?? undefined);
    return list(operations.map(({ name, kind }) => ({ name, spanKind: kind })));
  }
  if (path === '/api/traces') return findTraces(search, query);
  const byId = /^\/api\/traces\/([^/]+)$/.exec(path);
  if (byId !== null) {
    const trace = toTrace(search, requireTraceId(decode(byId[1]), 'traceID'), query.get('raw') === 'true');
    return trace === undefined ? fail(404, 'trace not found') : envelope([trace]);
  }
  if (path === '/api/dependencies') return list([]);
  return undefined;
}

function findTraces(search: Search, query: URLSearchParams): Answer {
  const ids = query.getAll('traceID');
  if (ids.length > 0) {
    const traces = ids.map((id) => toTrace(search, requireTraceId(id, 'traceID')));
    return envelope(traces.filter((trace) => trace !== undefined));
  }
  const service = query.get('service') || missing('service');
  const untilUs = readInteger(query, 'end') ?? Date.now() * 1_000;
  const minDurationUs = readDuration(query, 'minDuration');
  const maxDurationUs = readDuration(query, 'maxDuration');
  if (minDurationUs !== undefined && maxDurationUs !== undefined && maxDurationUs < minDurationUs) {
    throw new BadRequest("'maxDuration' should be greater than 'minDuration'");
  }
  const found = search.traces({
    service,
    operation: query.get('operation') || undefined,
    tags: readTags(query),
    minDurationUs,
    maxDurationUs,
    sinceUs: readInteger(query, 'start') ?? untilUs - LOOKBACK_US,
    untilUs,
    limit: Math.min(readInteger(query, 'limit') ?? LIMIT_DEFAULT, LIMIT_MAX),
  });
  return envelope(found.map(({ traceId }) => toTrace(search, traceId)));
}

/**
 * A trace in Jaeger's JSON; undefined when there is none.
 *
 * @param isRaw without remarks on it
 */
function toTrace(search: Search, traceId: string, isRaw = false) {
  const spans = search.spans(traceId);
  if (spans.length === 0) return undefined;
  const shownId = traceId.replace(/^0{16}/, '');
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const processes = new Map<string, { id: string; serviceName: string; tags: readonly Tag[] }>();
  const processOf = ({ service, processTags }: Span) => {
    const key = `${service}\n${JSON.stringify(processTags)}`;
    const process = processes.get(key) ?? { id: `p${processes.size + 1}`, serviceName: service, tags: processTags };
    processes.set(key, process);
    return process.id;
  };
  const rendered = spans.map((span) => {
    const isOrphan = !isRaw && span.parentId !== '' && !ids.has(span.parentId);
    const parent = span.parentId === '' ? [] : [{ refType: 'CHILD_OF', traceID: shownId, spanID: span.parentId }];
    const links = span.links.map((link) => ({ refType: 'FOLLOWS_FROM', traceID: link.traceId, spanID: link.spanId }));
    return {
      traceID: shownId,
      spanID: span.spanId,
      operationName: span.name,
      references: [...parent, ...links],
      startTime: span.startUs,
      duration: span.durationUs,
      tags: span.tags,
      logs: span.logs.map(({ timeUs, fields }) => ({ timestamp: timeUs, fields })),
      processID: processOf(span),
      warnings: isOrphan ? [`invalid parent span IDs=${span.parentId}; skipping clock skew adjustment`] : null,
    };
  });
  return {
    traceID: shownId,
    spans: rendered,
    processes: Object.fromEntries(
      [...processes.values()].map(({ id, serviceName, tags }) => [id, { serviceName, tags }]),
    ),
    warnings: null,
  };
}

/** @throws {BadRequest} when it is none. */
function requireTraceId(text: string, name: string): string {
  const id = readTraceId(text);
  if (id !== undefined) return id;
  throw new BadRequest(`${name} must be 1 to 32 hexadecimal digits; received ${JSON.stringify(text.slice(0, 80))}`);
}

function readInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,16}$/.test(text))
    throw new BadRequest(`${name} must be an integer; received ${JSON.stringify(text.slice(0, 80))}`);
  return Number(text);
}

const UNITS_US: Readonly<Record<string, number>> = {
  ns: 1e-3,
  us: 1,
  µs: 1,
  μs: 1,
  ms: 1e3,
  s: 1e6,
  m: 6e7,
  h: 3.6e9,
};

/** A duration as Go writes it: `1.5s`, `1m30s` (https://pkg.go.dev/time#ParseDuration). */
function readDuration(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new BadRequest(`${name} must be a duration as 1.5s or 200ms; received ${JSON.stringify(text.slice(0, 80))}`);
  }
  return parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * (UNITS_US[unit] ?? 0), 0);
}

/** `tags={"key":"value"}`, and any number of `tag=key:value`. */
function readTags(query: URLSearchParams): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const text of query.getAll('tags')) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      throw new BadRequest(`tags must be a JSON object of texts; received ${JSON.stringify(text.slice(0, 80))}`);
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      throw new BadRequest(`tags must be a JSON object of texts; received ${JSON.stringify(text.slice(0, 80))}`);
    }
    for (const [key, value] of Object.entries(parsed)) tags[key] = String(value);
  }
  for (const text of query.getAll('tag')) {
    const colon = text.indexOf(':');
    if (colon < 1) throw new BadRequest(`tag must be key:value; received ${JSON.stringify(text.slice(0, 80))}`);
    tags[text.slice(0, colon)] = text.slice(colon + 1);
  }
  return tags;
}

function missing(name: string): never {
  throw new BadRequest(`parameter '${name}' is required`);
}

function decode(text = ''): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new BadRequest(`the path has a malformed escape: ${JSON.stringify(text.slice(0, 80))}`);
  }
}

const list = (data: readonly unknown[]): Answer => ({
  status: 200,
  body: { data: data.length === 0 ? null : data, total: data.length, limit: 0, offset: 0, errors: null },
});
const envelope = (data: readonly unknown[]): Answer => ({
  status: 200,
  body: { data, total: 0, limit: 0, offset: 0, errors: null },
});
const fail = (code: number, msg: string): Answer => ({
  status: code,
  body: { data: null, total: 0, limit: 0, offset: 0, errors: [{ code, msg }] },
});
