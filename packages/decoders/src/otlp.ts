// OTLP over HTTP, in protobuf and JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp), with the fields that its .proto files number.
import protobuf from 'protobufjs';
import { type Line, type Span, type Tag, tagOf, toInt64, toMicroseconds } from './span.js';

const { root } = protobuf.parse(`
  syntax = "proto3";
  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message Scope { string name = 1; string version = 2; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
    int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
    repeated Event events = 11; repeated Link links = 13; Status status = 15; fixed32 flags = 16;
  }
  message Status { string message = 2; int32 code = 3; }
  message Link { bytes trace_id = 1; bytes span_id = 2; }
  message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message AnyValue {
    oneof value {
      string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
      ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
    }
  }
  message ExportLogsServiceRequest { repeated ResourceLogs resource_logs = 1; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
  message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; }
  message LogRecord {
    fixed64 time_unix_nano = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5;
    repeated KeyValue attributes = 6; bytes trace_id = 9; bytes span_id = 10; fixed64 observed_time_unix_nano = 11;
  }
`);
const traceRequestType = root.lookupType('ExportTraceServiceRequest');
const logsRequestType = root.lookupType('ExportLogsServiceRequest');

interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] };
  readonly bytesValue?: string;
}

interface KeyValue {
  readonly key?: string;
  readonly value?: AnyValue;
}

interface Resource {
  readonly resource?: { readonly attributes?: readonly KeyValue[] };
}

interface Scope {
  readonly scope?: { readonly name?: string; readonly version?: string };
}

interface OtlpSpan {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly traceState?: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly kind?: number | string;
  readonly startTimeUnixNano?: string | number;
  readonly endTimeUnixNano?: string | number;
  readonly attributes?: readonly KeyValue[];
  readonly events?: readonly {
    readonly timeUnixNano?: string | number;
    readonly name?: string;
    readonly attributes?: readonly KeyValue[];
  }[];
  readonly links?: readonly { readonly traceId?: string; readonly spanId?: string }[];
  readonly status?: { readonly message?: string; readonly code?: number | string };
  readonly flags?: number;
}

interface LogRecord {
  readonly timeUnixNano?: string | number;
  readonly observedTimeUnixNano?: string | number;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: AnyValue;
  readonly attributes?: readonly KeyValue[];
  readonly traceId?: string;
  readonly spanId?: string;
}

type Ids = (id: string | undefined) => string;

/** Protobuf's ids are bytes, here in base64; those of JSON are hexadecimal. */
const idOfBytes: Ids = (id = '') => Buffer.from(id, 'base64').toString('hex');
const idOfJson: Ids = (id = '') => id.toLowerCase();

/**
 * Decodes a request to `/v1/traces`.
 *
 * @throws {Error} when it is truncated, or something else.
 */
export function decodeOtlpTraces(body: Buffer, isJson: boolean): Span[] {
  const request = read(traceRequestType, body, isJson) as {
    resourceSpans?: readonly (Resource & { scopeSpans?: readonly (Scope & { spans?: readonly OtlpSpan[] })[] })[];
  };
  const ids = isJson ? idOfJson : idOfBytes;
  return (request.resourceSpans ?? []).flatMap(({ resource, scopeSpans = [] }) => {
    const { service, tags } = readResource(resource?.attributes);
    return scopeSpans.flatMap(({ scope, spans = [] }) =>
      spans.map((span) => readSpan(span, service, tags, scope ?? {}, ids)),
    );
  });
}

/**
 * Decodes a request to `/v1/logs`.
 *
 * @throws {Error} when it is truncated, or something else.
 */
export function decodeOtlpLogs(body: Buffer, isJson: boolean): Line[] {
  const request = read(logsRequestType, body, isJson) as {
    resourceLogs?: readonly (Resource & { scopeLogs?: readonly { logRecords?: readonly LogRecord[] }[] })[];
  };
  const ids = isJson ? idOfJson : idOfBytes;
  return (request.resourceLogs ?? []).flatMap(({ resource, scopeLogs = [] }) => {
    const { service } = readResource(resource?.attributes);
    return scopeLogs.flatMap(({ logRecords = [] }) => logRecords.map((record) => readRecord(record, service, ids)));
  });
}

function read(type: protobuf.Type, body: Buffer, isJson: boolean): object {
  if (!isJson) return type.toObject(type.decode(body), { bytes: String, longs: String });
  const value: unknown = JSON.parse(body.toString('utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('the body is no JSON object');
  return value;
}

function readResource(attributes: readonly KeyValue[] | undefined) {
  const tags = readAttributes(attributes);
  return {
    service: String(tagOf(tags, 'service.name') ?? 'unknown_service'),
    tags: tags.filter(({ key }) => key !== 'service.name'),
  };
}

const kinds = ['', '', 'server', 'client', 'producer', 'consumer'];

function readSpan(
  span: OtlpSpan,
  service: string,
  processTags: readonly Tag[],
  scope: NonNullable<Scope['scope']>,
  ids: Ids,
): Span {
  const startUs = microsecondsOf(span.startTimeUnixNano);
  const kind =
    kinds[numberOfEnum(span.kind, ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'])] ?? '';
  const status = numberOfEnum(span.status?.code, ['UNSET', 'OK', 'ERROR']);
  const text = (key: string, value: string | undefined): Tag[] =>
    value === undefined || value === '' ? [] : [{ key, type: 'string', value }];
  return {
    traceId: assertId(ids(span.traceId), 32, 'traceId'),
    spanId: assertId(ids(span.spanId), 16, 'spanId'),
    parentId: ids(span.parentSpanId).replace(/^0+$/, ''),
    links: (span.links ?? []).map((link) => ({ traceId: ids(link.traceId), spanId: ids(link.spanId) })),
    service,
    processTags,
    name: span.name ?? '',
    kind,
    flags: (span.flags ?? 1) & 0xff,
    startUs,
    durationUs: Math.max(0, microsecondsOf(span.endTimeUnixNano) - startUs),
    tags: [
      ...readAttributes(span.attributes),
      ...text('span.kind', kind),
      ...text('otel.scope.name', scope.name),
      ...text('otel.scope.version', scope.version),
      ...text('w3c.tracestate', span.traceState),
      ...(status === 0 ? [] : text('otel.status_code', status === 1 ? 'OK' : 'ERROR')),
      ...text('otel.status_description', span.status?.message),
      ...(status === 2 ? [{ key: 'error', type: 'bool', value: true } as const] : []),
    ],
    logs: (span.events ?? []).map(({ timeUnixNano, name, attributes }) => ({
      timeUs: microsecondsOf(timeUnixNano),
      fields: [...text('event', name), ...readAttributes(attributes)],
    })),
  };
}

/** Names of ranges of severities (https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber). */
const severities = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

function readRecord(record: LogRecord, service: string, ids: Ids): Line {
  const attributes = Object.fromEntries(readAttributes(record.attributes).map(({ key, value }) => [key, value]));
  const body = record.body === undefined ? '' : plainOf(record.body);
  const severity = severities[Math.ceil((record.severityNumber ?? 0) / 4) - 1] ?? 'INFO';
  const microseconds = microsecondsOf(record.timeUnixNano) || microsecondsOf(record.observedTimeUnixNano);
  return {
    timeMs: microseconds / 1_000,
    level: record.severityText || severity,
    service,
    message: typeof body === 'string' ? body : JSON.stringify(body),
    traceId: ids(record.traceId),
    spanId: ids(record.spanId),
    fields: attributes,
  };
}

function readAttributes(attributes: readonly KeyValue[] = []): Tag[] {
  return attributes.map(({ key = '', value = {} }) => {
    const { stringValue, boolValue, intValue, doubleValue, bytesValue } = value;
    if (stringValue !== undefined) return { key, type: 'string', value: stringValue };
    if (boolValue !== undefined) return { key, type: 'bool', value: boolValue };
    if (intValue !== undefined) return { key, type: 'int64', value: toInt64(BigInt(intValue)) };
    if (doubleValue !== undefined) return { key, type: 'float64', value: Number(doubleValue) };
    if (bytesValue !== undefined) return { key, type: 'binary', value: bytesValue };
    return { key, type: 'string', value: JSON.stringify(plainOf(value)) };
  });
}

function plainOf(value: AnyValue): unknown {
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plainOf);
  if (value.kvlistValue !== undefined) {
    return Object.fromEntries(
      (value.kvlistValue.values ?? []).map((each) => [each.key ?? '', plainOf(each.value ?? {})]),
    );
  }
  if (value.intValue !== undefined) return toInt64(BigInt(value.intValue));
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? value.bytesValue ?? '';
}

function microsecondsOf(nanoseconds: string | number | undefined): number {
  return nanoseconds === undefined ? 0 : toMicroseconds(BigInt(nanoseconds) / 1_000n);
}

/** JSON may have the number or its name: `SPAN_KIND_SERVER`. */
function numberOfEnum(value: number | string | undefined, names: readonly string[]): number {
  if (typeof value !== 'string') return value ?? 0;
  return Math.max(
    0,
    names.findIndex((name) => value.endsWith(`_${name}`)),
  );
}

function assertId(id: string, length: number, name: string): string {
  if (id.length === length && /^[\da-f]+$/.test(id) && !/^0+$/.test(id)) return id;
  throw new Error(
    `${name} must be ${length} hexadecimal digits, not all 0; received ${JSON.stringify(id.slice(0, 50))}`,
  );
}
