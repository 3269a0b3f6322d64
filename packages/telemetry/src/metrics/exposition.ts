import type { MetricValueWithName } from 'prom-client';
import { exemplarHistogram } from '../contract/metrics.js';
import { type Exemplar, Exemplars } from './exemplars.js';
import type { MetricFamily, MetricsSnapshot } from './snapshot.js';

const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const OPENMETRICS_CONTENT_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

type Labels = Readonly<Partial<Record<string, string | number>>>;

/**
 * Writes metrics in one of two text formats: Prometheus's own
 * (https://prometheus.io/docs/instrumenting/exposition_formats/), and OpenMetrics, which has exemplars
 * (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md).
 */
export function renderMetrics(
  snapshot: MetricsSnapshot,
  isOpenMetrics: boolean,
): { contentType: string; body: string } {
  if (!isOpenMetrics) {
    const families = snapshot.families.map((family) => renderFamily(family, family.name, () => undefined));
    return { contentType: PROMETHEUS_CONTENT_TYPE, body: families.join('\n') };
  }
  const exemplars = new Exemplars(exemplarHistogram.buckets);
  exemplars.merge(snapshot.exemplars);
  const families = snapshot.families.map((family) => {
    // A counter's family is named without the suffix that its samples have.
    const familyName = String(family.type) === 'counter' ? family.name.replace(/_total$/, '') : family.name;
    const { name, labels } = exemplarHistogram;
    return renderFamily(family, familyName, (sample) =>
      family.name === name
        ? exemplars.find(
            labels.map((label) => sample[label]),
            sample['le'] ?? '',
          )
        : undefined,
    );
  });
  return { contentType: OPENMETRICS_CONTENT_TYPE, body: `${families.join('')}# EOF\n` };
}

/** Whether an Accept header would rather have OpenMetrics than Prometheus' own text format. */
export function prefersOpenMetrics(accept: string): boolean {
  const quality = (mediaType: string) =>
    Math.max(
      0,
      ...accept
        .split(',')
        .filter((range) => range.trim().toLowerCase().startsWith(mediaType))
        .map((range) => Number(/;\s*q=([\d.]+)/i.exec(range)?.[1] ?? 1)),
    );
  const openMetrics = quality('application/openmetrics-text');
  return openMetrics > 0 && openMetrics >= quality('text/plain');
}

function renderFamily(
  { name, help, type, values }: MetricFamily,
  familyName: string,
  findExemplar: (labels: Labels) => Exemplar | undefined,
): string {
  const samples = values.map((sample) => {
    const sampleName =
      'metricName' in sample ? String((sample as MetricValueWithName<string>).metricName ?? name) : name;
    const exemplar = sampleName.endsWith('_bucket') ? findExemplar(sample.labels) : undefined;
    return `${sampleName}${renderLabels(sample.labels)} ${renderNumber(sample.value)}${renderExemplar(exemplar)}\n`;
  });
  return `# HELP ${familyName} ${escapeText(help)}\n# TYPE ${familyName} ${String(type)}\n${samples.join('')}`;
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeText(String(value))}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function renderExemplar(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return '';
  const { traceId, value, timestampSeconds } = exemplar;
  return ` # {trace_id="${traceId}"} ${renderNumber(value)} ${timestampSeconds.toFixed(3)}`;
}

function renderNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
