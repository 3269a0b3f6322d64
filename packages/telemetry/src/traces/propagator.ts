import type { Context, TextMapGetter, TextMapPropagator } from '@opentelemetry/api';
import { B3Propagator } from '@opentelemetry/propagator-b3';
import { JaegerPropagator, UBER_BAGGAGE_HEADER_PREFIX, UBER_TRACE_ID_HEADER } from '@opentelemetry/propagator-jaeger';
import { core } from '@opentelemetry/sdk-node';

/** Baggage entries that are taken from `uberctx-*` headers. */
const BAGGAGE_ENTRIES_MAX = 64;

/** `{trace id}:{span id}:{parent span id}:{flags}` (https://www.jaegertracing.io/sdk-migration/#propagation-format). */
const UBER_TRACE_ID = /^(?!0+:)[0-9a-f]{1,32}:(?!0+:)[0-9a-f]{1,16}:[0-9a-f]{1,16}:[0-9a-f]{1,2}$/;

/**
 * Takes the parent from W3C, Jaeger and B3 headers. Where several name one, the last of this list wins; Jaeger's baggage
 * is added to W3C's.
 */
export function createPropagator(): TextMapPropagator {
  return new core.CompositePropagator({
    propagators: [
      new B3Propagator(),
      new core.W3CBaggagePropagator(),
      new StrictJaegerPropagator(),
      new core.W3CTraceContextPropagator(),
    ],
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
        return name === UBER_TRACE_ID_HEADER ? normalize(Array.isArray(value) ? value[0] : value) : value;
      },
    });
  }
}

/** The header in lower case; undefined when it is no trace id. */
function normalize(header: string | undefined): string | undefined {
  const value = header?.replaceAll(/%3a/gi, ':').toLowerCase();
  return value !== undefined && UBER_TRACE_ID.test(value) ? value : undefined;
}
