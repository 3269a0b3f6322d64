import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { telemetryEnvironment } from '@products/telemetry';
import { dataSources } from '../data-sources.js';

/** The name that traces have in Jaeger. */
const TRACED_SERVICE = telemetryEnvironment.JAEGER_SERVICE_NAME.parse(undefined);

/** A search in Jaeger, for which the SDK has no builder. */
export class JaegerSearchBuilder implements Builder<Dataquery> {
  readonly #tags: string;

  constructor(tags: string) {
    this.#tags = tags;
  }

  build(): Dataquery {
    const query = {
      refId: 'A',
      datasource: dataSources.jaeger,
      queryType: 'search',
      service: TRACED_SERVICE,
      tags: this.#tags,
      limit: 20,
    };
    // Only a mark for the compiler: the other queries have it too, as a function that JSON leaves out.
    return { ...query, _implementsDataqueryVariant() {} } as Dataquery;
  }
}
