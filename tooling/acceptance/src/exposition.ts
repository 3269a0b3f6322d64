/** A sample of a metric. */
interface Sample {
  readonly metric: string;
  /** The names of its labels. */
  readonly labels: readonly string[];
  readonly value: number;
  /** Of its exemplar. */
  readonly traceId: string | undefined;
}

/** A scrape of `/metrics`. */
export interface Exposition {
  /** Type of each metric, by its name. */
  readonly types: ReadonlyMap<string, string>;
  /** By their series: `http_requests_total{method="GET",path="/products",status="200"}`. */
  readonly samples: ReadonlyMap<string, Sample>;
}

const TYPE = /^# TYPE (\S+) (\S+)$/gm;
const LABEL = /(\w+)="(?:[^"\\]|\\.)*"/g;
const SAMPLE = new RegExp(
  `^(?<series>(?<metric>[a-zA-Z_:][\\w:]*)(?:\\{(?<labels>(?:${LABEL.source},?)*)\\})?) (?<value>\\S+)(?: # \\{trace_id="(?<traceId>\\w+)"\\})?`,
  'gm',
);

/** Reads Prometheus's text format and OpenMetrics. */
export function parseExposition(text: string): Exposition {
  const samples = [...text.matchAll(SAMPLE)].map(({ groups = {} }): [string, Sample] => {
    const { series = '', metric = '', labels = '', value, traceId } = groups;
    const names = [...labels.matchAll(LABEL)].map(([, name]) => String(name));
    return [series, { metric, labels: names, value: Number(value), traceId }];
  });
  const types = [...text.matchAll(TYPE)].map(([, metric, type]): [string, string] => [String(metric), String(type)]);
  return { types: new Map(types), samples: new Map(samples) };
}

/** By how much each series has grown, without those that have not. */
export function growthOf(before: Exposition, after: Exposition): Map<string, number> {
  const growth = [...after.samples].map(
    ([series, { value }]) => [series, value - (before.samples.get(series)?.value ?? 0)] as const,
  );
  return new Map(growth.filter(([, difference]) => difference !== 0));
}

/** A series as `/metrics` spells it. */
export function seriesOf(metric: string, labels: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `${metric}{${pairs.join(',')}}`;
}
