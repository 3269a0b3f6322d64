/** A value with its type, as Jaeger names it. Integers beyond 2^53 are texts. */
export interface Tag {
  readonly key: string;
  readonly type: 'string' | 'bool' | 'int64' | 'float64' | 'binary';
  readonly value: string | boolean | number;
}

/** A moment of a span: its event, its exception. */
export interface SpanLog {
  /** Microseconds since 1970. */
  readonly timeUs: number;
  readonly fields: readonly Tag[];
}

/** A span as it was received, in the words of Jaeger's model (https://www.jaegertracing.io/docs/1.76/architecture/terminology/). */
export interface Span {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Blank without a parent. */
  readonly parentId: string;
  /** Spans that it follows and that are not its parent. */
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly service: string;
  readonly processTags: readonly Tag[];
  readonly name: string;
  /** `server`, `client`, `producer`, `consumer`; blank for internal ones. */
  readonly kind: string;
  readonly flags: number;
  /** Microseconds since 1970. */
  readonly startUs: number;
  readonly durationUs: number;
  readonly tags: readonly Tag[];
  readonly logs: readonly SpanLog[];
}

/** A line that a service has written. */
export interface Line {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** `DEBUG`, `INFO`, `WARNING`, `ERROR` and whatever else a service calls them. */
  readonly level: string;
  readonly service: string;
  readonly message: string;
  /** Blank outside of a trace. */
  readonly traceId: string;
  readonly spanId: string;
  /** All that the line has. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A value of a tag, by its key. */
export function tagOf(tags: readonly Tag[], key: string): Tag['value'] | undefined {
  return tags.find((tag) => tag.key === key)?.value;
}

/** The year 2100. The sum of a start and a duration is still exact. */
const MICROSECONDS_MAX = 4_102_444_800_000_000n;

/**
 * A time since 1970 or a duration, in microseconds.
 *
 * @throws {Error} when no clock tells it.
 */
export function toMicroseconds(value: bigint): number {
  if (value >= 0n && value <= MICROSECONDS_MAX) return Number(value);
  throw new Error(`a time of ${value} µs is beyond any clock`);
}

/** An integer of 64 bits as a number, or as text where a double does not hold it. */
export function toInt64(value: bigint): number | string {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
}
