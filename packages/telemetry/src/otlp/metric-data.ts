// A snapshot of prom-client's metrics in the data model of OpenTelemetry's SDK, names and values as they are.
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import { metrics } from '@opentelemetry/sdk-node';
import type { MetricValueWithName } from 'prom-client';
import { exemplarHistogram } from '../contract/metrics.js';
import type { Exemplar } from '../metrics/exemplars.js';
import type { MetricFamily, MetricsSnapshot } from '../metrics/snapshot.js';

/** A point of a histogram; the SDK's has no exemplars. */
export interface HistogramPoint extends metrics.DataPoint<metrics.Histogram> {
  readonly exemplars: readonly Exemplar[];
}

/** When the counts began, and when they were read. */
interface Period {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

type ExemplarsOf = (family: string, attributes: Attributes) => readonly Exemplar[];

export function toMetricData(snapshot: MetricsSnapshot, period: Period): metrics.MetricData[] {
  const bySeries = new Map(snapshot.exemplars);
  const exemplarsOf: ExemplarsOf = (family, attributes) => {
    if (family !== exemplarHistogram.name) return [];
    return bySeries.get(exemplarHistogram.labels.map((label) => attributes[label]).join('\0')) ?? [];
  };
  return snapshot.families.map((family) => toMetric(family, period, exemplarsOf));
}

function toMetric(family: MetricFamily, period: Period, exemplarsOf: ExemplarsOf): metrics.MetricData {
  const { name, help, values } = family;
  const descriptor = { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE };
  const aggregationTemporality = metrics.AggregationTemporality.CUMULATIVE;
  const common = { descriptor, aggregationTemporality };
  const type = String(family.type);
  if (type === 'histogram') {
    const dataPoints = toHistogramPoints(family, period, exemplarsOf);
    return { ...common, dataPointType: metrics.DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = values.map(({ labels, value }) => ({ ...period, attributes: toAttributes(labels), value }));
  if (type === 'gauge') return { ...common, dataPointType: metrics.DataPointType.GAUGE, dataPoints };
  if (type === 'counter') {
    return { ...common, dataPointType: metrics.DataPointType.SUM, isMonotonic: true, dataPoints };
  }
  throw new Error(`${name} is of type ${type}`);
}

/** The unit that the name has, as UCUM writes it; one that the name has not would be added to it in Prometheus. */
function unitOf(name: string): string {
  if (/_seconds(?:_total)?$/.test(name)) return 's';
  return /_bytes(?:_total)?$/.test(name) ? 'By' : '';
}

/** Labels are texts in `/metrics` too. */
function toAttributes(labels: Readonly<Partial<Record<string, string | number>>>): Attributes {
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, String(value)]));
}

/** A series of a histogram, from its samples. */
interface Series {
  readonly attributes: Attributes;
  /** Upper bound and count of this bucket and all below. */
  readonly buckets: [bound: number, count: number][];
  sum: number;
  count: number;
}

function toHistogramPoints({ name, values }: MetricFamily, period: Period, exemplarsOf: ExemplarsOf): HistogramPoint[] {
  const bySeries = new Map<string, Series>();
  for (const sample of values as readonly MetricValueWithName<string>[]) {
    const { le, ...attributes } = toAttributes(sample.labels);
    const key = JSON.stringify(Object.entries(attributes).sort());
    const series = bySeries.get(key) ?? { attributes, buckets: [], sum: 0, count: 0 };
    bySeries.set(key, series);
    if (sample.metricName === `${name}_sum`) series.sum = sample.value;
    else if (sample.metricName === `${name}_count`) series.count = sample.value;
    else if (le !== '+Inf') series.buckets.push([Number(le), sample.value]);
  }
  return [...bySeries.values()].map(({ attributes, buckets, sum, count }) => {
    buckets.sort(([a], [b]) => a - b);
    const cumulative = [...buckets.map(([, below]) => below), count];
    const counts = cumulative.map((below, index) => below - (cumulative[index - 1] ?? 0));
    const value = { buckets: { boundaries: buckets.map(([bound]) => bound), counts }, sum, count };
    return { ...period, attributes, value, exemplars: exemplarsOf(name, attributes) };
  });
}
