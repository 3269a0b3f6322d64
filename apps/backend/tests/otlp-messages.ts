// Messages of OTLP as tests read them, decoded by the messages of OpenTelemetry's .proto files
// (https://github.com/open-telemetry/opentelemetry-proto), which this has no part in encoding.
import protobuf from 'protobufjs';

const { root } = protobuf.parse(`
  syntax = "proto3";
  message AnyValue {
    oneof value {
      string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
      ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
    }
  }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
  message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }

  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; }

  message ExportLogsServiceRequest { repeated ResourceLogs resource_logs = 1; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
  message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; }
  message LogRecord {
    fixed64 time_unix_nano = 1; fixed64 observed_time_unix_nano = 11; int32 severity_number = 2; string severity_text = 3;
    AnyValue body = 5; repeated KeyValue attributes = 6; uint32 dropped_attributes_count = 7; fixed32 flags = 8;
    bytes trace_id = 9; bytes span_id = 10; string event_name = 12;
  }

  message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
  message Metric {
    string name = 1; string description = 2; string unit = 3;
    oneof data { Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; }
  }
  message Gauge { repeated NumberDataPoint data_points = 1; }
  message Sum { repeated NumberDataPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message Histogram { repeated HistogramDataPoint data_points = 1; int32 aggregation_temporality = 2; }
  message NumberDataPoint {
    repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
    oneof value { double as_double = 4; sfixed64 as_int = 6; }
    repeated Exemplar exemplars = 5; uint32 flags = 8;
  }
  message HistogramDataPoint {
    repeated KeyValue attributes = 9; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4;
    optional double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7;
    repeated Exemplar exemplars = 8; uint32 flags = 10; optional double min = 11; optional double max = 12;
  }
  message Exemplar {
    repeated KeyValue filtered_attributes = 7; fixed64 time_unix_nano = 2;
    oneof value { double as_double = 3; sfixed64 as_int = 6; }
    bytes span_id = 4; bytes trace_id = 5;
  }
`);

export type Attributes = Readonly<Record<string, unknown>>;

interface AnyValue {
  readonly value?: string;
  readonly arrayValue?: { readonly values: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values: readonly KeyValue[] };
  readonly [field: string]: unknown;
}

interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

export interface LogRecord {
  readonly resource: Attributes;
  readonly timeMs: number;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: unknown;
  readonly attributes: Attributes;
  readonly flags: number;
  readonly traceId: string;
  readonly spanId: string;
}

interface Exemplar {
  readonly traceId: string;
  readonly value: number;
  readonly timeMs: number;
}

export interface Point {
  readonly attributes: Attributes;
  readonly startMs: number;
  readonly timeMs: number;
  /** Of gauges and sums. */
  readonly value: number;
  readonly count: number;
  readonly sum: number;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly exemplars: readonly Exemplar[];
}

export interface Metric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly data: 'gauge' | 'sum' | 'histogram';
  readonly isMonotonic: boolean;
  /** 2: cumulative. */
  readonly temporality: number;
  readonly points: readonly Point[];
}

export interface MetricsExport {
  readonly resource: Attributes;
  readonly metrics: readonly Metric[];
}

/** Messages as protobufjs gives them, every field with its default. */
interface Attributed {
  readonly attributes: readonly KeyValue[];
}

interface ResourceSpans {
  readonly resource: Attributed;
}

interface ResourceLogs {
  readonly resource: Attributed;
  readonly scopeLogs: readonly { readonly logRecords: readonly LogRecordMessage[] }[];
}

interface LogRecordMessage extends Attributed {
  readonly timeUnixNano: number;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: AnyValue;
  readonly flags: number;
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
}

interface ResourceMetrics {
  readonly resource: Attributed;
  readonly scopeMetrics: readonly { readonly metrics: readonly MetricMessage[] }[];
}

type MetricMessage = Pick<Metric, 'name' | 'description' | 'unit' | 'data'> & {
  readonly [data in Metric['data']]?: {
    readonly isMonotonic?: boolean;
    readonly aggregationTemporality?: number;
    readonly dataPoints: readonly PointMessage[];
  };
};

interface PointMessage extends Attributed {
  readonly startTimeUnixNano: number;
  readonly timeUnixNano: number;
  readonly asDouble?: number;
  readonly asInt?: number;
  readonly count: number;
  readonly sum: number;
  readonly explicitBounds?: readonly number[];
  readonly bucketCounts?: readonly number[];
  readonly exemplars: readonly {
    readonly traceId: Uint8Array;
    readonly asDouble: number;
    readonly timeUnixNano: number;
  }[];
}

function decode<Message>(message: string, body: Buffer): Message {
  const type = root.lookupType(message);
  const options = { longs: Number, arrays: true, defaults: true, oneofs: true };
  return type.toObject(type.decode(body), options) as Message;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const milliseconds = (nanoseconds: number) => Math.round(nanoseconds / 1_000) / 1_000;

function plainOf({ value: field, arrayValue, kvlistValue, ...scalars }: AnyValue): unknown {
  if (arrayValue !== undefined) return arrayValue.values.map(plainOf);
  if (kvlistValue !== undefined) return attributesOf(kvlistValue.values);
  return field === undefined ? null : scalars[field];
}

function attributesOf(attributes: readonly KeyValue[]): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainOf(value)]));
}

export function decodeSpanResources(body: Buffer): Attributes[] {
  const { resourceSpans } = decode<{ resourceSpans: ResourceSpans[] }>('ExportTraceServiceRequest', body);
  return resourceSpans.map(({ resource }) => attributesOf(resource.attributes));
}

export function decodeLogs(body: Buffer): LogRecord[] {
  const { resourceLogs } = decode<{ resourceLogs: ResourceLogs[] }>('ExportLogsServiceRequest', body);
  return resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs
      .flatMap(({ logRecords }) => logRecords)
      .map((record) => ({
        resource: attributesOf(resource.attributes),
        timeMs: milliseconds(record.timeUnixNano),
        severityNumber: record.severityNumber,
        severityText: record.severityText,
        body: plainOf(record.body),
        attributes: attributesOf(record.attributes),
        flags: record.flags,
        traceId: hex(record.traceId),
        spanId: hex(record.spanId),
      })),
  );
}

export function decodeMetrics(body: Buffer): MetricsExport[] {
  const { resourceMetrics } = decode<{ resourceMetrics: ResourceMetrics[] }>('ExportMetricsServiceRequest', body);
  return resourceMetrics.map(({ resource, scopeMetrics }) => ({
    resource: attributesOf(resource.attributes),
    metrics: scopeMetrics.flatMap(({ metrics }) => metrics).map(toMetric),
  }));
}

function toMetric({ name, description, unit, data, ...bodies }: MetricMessage): Metric {
  const { isMonotonic = false, aggregationTemporality: temporality = 0, dataPoints = [] } = bodies[data] ?? {};
  return { name, description, unit, data, isMonotonic, temporality, points: dataPoints.map(toPoint) };
}

function toPoint(point: PointMessage): Point {
  return {
    attributes: attributesOf(point.attributes),
    startMs: milliseconds(point.startTimeUnixNano),
    timeMs: milliseconds(point.timeUnixNano),
    value: point.asDouble ?? point.asInt ?? Number.NaN,
    count: point.count,
    sum: point.sum,
    bounds: point.explicitBounds ?? [],
    counts: point.bucketCounts ?? [],
    exemplars: point.exemplars.map(({ traceId, asDouble, timeUnixNano }) => ({
      traceId: hex(traceId),
      value: asDouble,
      timeMs: milliseconds(timeUnixNano),
    })),
  };
}
