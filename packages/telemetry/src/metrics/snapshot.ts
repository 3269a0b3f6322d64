import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';
import { exemplarHistogram } from '../contract/metrics.js';
import { type ExemplarList, Exemplars } from './exemplars.js';

export type MetricFamily = MetricObjectWithValues<MetricValue<string>>;

/** The metrics of one process or of several, as plain data that can be sent to another one. */
export interface MetricsSnapshot {
  readonly families: readonly MetricFamily[];
  /** Of the request durations. */
  readonly exemplars: ExemplarList;
}

/** Merges the metrics of several processes: most are summed, lags averaged, of exemplars the latest stays. */
export function mergeSnapshots(snapshots: readonly MetricsSnapshot[]): MetricsSnapshot {
  const exemplars = new Exemplars(exemplarHistogram.buckets);
  for (const snapshot of snapshots) exemplars.merge(snapshot.exemplars);
  const merged = AggregatorRegistry.aggregate(snapshots.map(({ families }) => families.map(aggregatable)));
  // prom-client adds a function to each family, which could not be sent to another process.
  const families = merged
    .getMetricsAsArray()
    .map((family) => ({ ...family, get: undefined }) as unknown as MetricFamily);
  return { families, exemplars: exemplars.list() };
}

/** The part of a process's metrics that outlives it: its counts stay, its gauges go. */
export function retainCounts({ families, exemplars }: MetricsSnapshot): MetricsSnapshot {
  return { families: families.filter(({ type }) => String(type) !== 'gauge'), exemplars };
}

/** prom-client cannot aggregate the start time; the service is as old as its oldest process. */
function aggregatable(family: MetricFamily): MetricFamily {
  return family.name === 'process_start_time_seconds' ? { ...family, aggregator: 'min' } : family;
}
