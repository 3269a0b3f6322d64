import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

const folder = path.resolve(import.meta.dirname, '../../../deploy/grafana/provisioning/datasources');

interface Link {
  readonly datasourceUid: string;
}

/** A data source as Grafana is given it, as far as it points to others. */
export interface DataSource {
  readonly type: string;
  readonly uid: string;
  readonly url: string;
  readonly jsonData?: {
    readonly exemplarTraceIdDestinations?: readonly (Link & { readonly name: string })[];
    readonly derivedFields?: readonly (Link & {
      readonly matcherRegex: string;
      readonly matcherType?: 'label' | 'regex';
      readonly url: string;
    })[];
    readonly tracesToLogsV2?: Link & { readonly customQuery?: boolean; readonly query?: string };
  };
}

/** The data sources that Grafana is provisioned with. */
export function readDataSources(): readonly DataSource[] {
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .flatMap((name): DataSource[] => {
      // A doubled dollar is Grafana's way to write one that names no variable of the environment.
      const text = readFileSync(path.join(folder, name), 'utf8').replaceAll('$$', '$');
      return parse(text).datasources ?? [];
    });
}
