import {
  type Context,
  createContextKey,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import { B3Propagator } from '@opentelemetry/propagator-b3';
import { JaegerPropagator, UBER_BAGGAGE_HEADER_PREFIX, UBER_TRACE_ID_HEADER } from '@opentelemetry/propagator-jaeger';
import { core } from '@opentelemetry/sdk-node';

/** Baggage entries that are taken from `uberctx-*` headers. */
const BAGGAGE_ENTRIES_MAX = 64;

/** `{trace id}:{span id}:{parent span id}:{flags}` (https://www.jaegertracing.io/sdk-migration/#propagation-format). */
const UBER_TRACE_ID = /^(?!0+:)[0-9a-f]{1,32}:(?!0+:)[0-9a-f]{1,16}:[0-9a-f]{1,16}:[0-9a-f]{1,2}$/;

/** B3's headers that hold ids, one each. */
const B3_IDS: ReadonlySet<string> = new Set(['x-b3-traceid', 'x-b3-spanid']);

/** `{trace id}-{span id}[-{decision}[-{parent span id}]]`. */
const B3_SINGLE = /^(?:[0-9a-f]{16}){1,2}-[0-9a-f]{16}(?:-[01d](?:-[0-9a-f]{16})?)?$/;

/**
 * Takes the parent from W3C's headers, else from Jaeger's, else from B3's: of the list below the last that names one wins.
 * Jaeger's baggage is added to W3C's.
 *
 * @param names those that are used, as `OTEL_PROPAGATORS` names them
 */
export function createPropagator(names: readonly string[]): TextMapPropagator {
  const propagators = [
    { names: ['b3', 'b3multi'], propagator: new StrictB3Propagator() },
    { names: ['baggage'], propagator: new core.W3CBaggagePropagator() },
    { names: ['jaeger'], propagator: new StrictJaegerPropagator() },
    { names: ['tracecontext'], propagator: new core.W3CTraceContextPropagator() },
  ];
  const isUsed = (own: readonly string[]) => own.some((name) => names.includes(name));
  return new core.CompositePropagator({
    propagators: propagators.filter((each) => isUsed(each.names)).map(({ propagator }) => propagator),
  });
}

/** Jaeger's propagator takes any text for ids, in any case, and any number of baggage entries. */
class StrictJaegerPropagator extends JaegerPropagator {
  override extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    return super.extract(context, carrier, {
      keys: (source) => {
        const names = getter.keys(source);
        const isBaggage = (name: string) => name.startsWith(`${UBER_BAGGAGE_HEADER_PREFIX}-`);
        return names.filter(isBaggage).slice(0, BAGGAGE_ENTRIES_MAX);
      },
      get: (source, name) => {
        const value = getter.get(source, name);
        return name === UBER_TRACE_ID_HEADER ? normalize(first(value)) : value;
      },
    });
  }
}

/** B3's decision apart from a parent's flags, and the parent that it came with. */
const DECISION = createContextKey('decision to sample');

interface Decision {
  readonly parent: SpanContext | undefined;
  readonly state: 'defer' | 'accept' | 'deny';
}

/**
 * The caller's decision where it is not its span's: only B3 lets a caller leave it to this service, or decide without naming
 * a parent (https://github.com/openzipkin/b3-propagation#sampling-state).
 */
export function findDecision(context: Context): Decision['state'] | undefined {
  const decision = context.getValue(DECISION) as Decision | undefined;
  return decision?.parent === trace.getSpanContext(context) ? decision?.state : undefined;
}

/**
 * B3's propagator looks for its header anywhere in a text, takes ids in any case as they are, and takes no decision for a
 * decision against.
 */
class StrictB3Propagator extends B3Propagator {
  override extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const read = (name: string) => first(getter.get(carrier, name));
    const single = read('b3')?.toLowerCase();
    const isSingle = single !== undefined && B3_SINGLE.test(single);
    const extracted = super.extract(context, carrier, {
      keys: (source) => getter.keys(source),
      get: (source, name) => {
        if (name === 'b3') return isSingle ? single : undefined;
        return B3_IDS.has(name) ? first(getter.get(source, name))?.toLowerCase() : getter.get(source, name);
      },
    });
    const parent = trace.getSpanContext(extracted);
    const flag = read('x-b3-flags') === '1' ? 'd' : read('x-b3-sampled')?.toLowerCase();
    const state = readState(
      isSingle ? single.split('-')[2] : single !== undefined && single.length === 1 ? single : flag,
    );
    // A parent's own flags have the decision already.
    if (parent !== undefined && state !== 'defer') return extracted;
    if (parent === undefined && state === 'defer') return extracted;
    return extracted.setValue(DECISION, { parent, state } satisfies Decision);
  }
}

function readState(flag: string | undefined): Decision['state'] {
  if (flag === '0' || flag === 'false') return 'deny';
  return flag === '1' || flag === 'd' || flag === 'true' ? 'accept' : 'defer';
}

/** The header in lower case; undefined when it is no trace id. */
function normalize(header: string | undefined): string | undefined {
  const value = header?.replaceAll(/%3a/gi, ':').toLowerCase();
  return value !== undefined && UBER_TRACE_ID.test(value) ? value : undefined;
}

function first(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
