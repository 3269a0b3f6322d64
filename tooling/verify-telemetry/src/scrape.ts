/** A scrape of `/metrics` in OpenMetrics. */
export interface Scrape {
  /** Value of each series: `http_requests_total{method="GET",path="/products",status="200"}`. */
  readonly values: ReadonlyMap<string, number>;
  /** Series of the exemplars, by trace id. */
  readonly exemplars: ReadonlyMap<string, readonly string[]>;
}

const SAMPLE = /^(?<series>[a-z_0-9]+(?:\{.*?\})?) (?<value>\S+)(?: # \{trace_id="(?<traceId>\w+)"\} .*)?$/;

export async function scrape(url: string): Promise<Scrape> {
  const response = await fetch(`${url}/metrics`, { headers: { Accept: 'application/openmetrics-text' } });
  const values = new Map<string, number>();
  const exemplars = new Map<string, string[]>();
  for (const line of (await response.text()).split('\n')) {
    const { series, value, traceId } = SAMPLE.exec(line)?.groups ?? {};
    if (series === undefined) continue;
    values.set(series, Number(value));
    if (traceId !== undefined) exemplars.set(traceId, [...(exemplars.get(traceId) ?? []), series]);
  }
  return { values, exemplars };
}

/** By how much each series has grown, without those that have not. */
export function growthOf(before: Scrape, after: Scrape): Map<string, number> {
  const growth = [...after.values].map(
    ([series, value]) => [series, value - (before.values.get(series) ?? 0)] as const,
  );
  return new Map(growth.filter(([, difference]) => difference !== 0));
}

/** A series as `/metrics` spells it. */
export function seriesOf(name: string, labels: Readonly<Record<string, unknown>>): string {
  return `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`;
}
