// Preload: instruments that measure nothing. The service has no switch for its metrics, so their cost shows only without
// their library.
import { registerHooks } from 'node:module';

const source = `
  class Instrument { inc() {} dec() {} set() {} observe() {} reset() {} }
  export { Instrument as Counter, Instrument as Gauge, Instrument as Histogram };
  export class Registry { getMetricsAsJSON() { return []; } }
  export class AggregatorRegistry { static aggregate() { return { getMetricsAsArray: () => [] }; } }
  export const collectDefaultMetrics = () => {};
`;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'prom-client'
      ? { url: `data:text/javascript,${encodeURIComponent(source)}`, shortCircuit: true }
      : next(specifier, context),
});
