import type { MetricObjectWithValues, MetricValue, MetricValueWithName } from 'prom-client';
import type { Exemplar } from './exemplars.js';

export const OPENMETRICS_CONTENT_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

type Family = MetricObjectWithValues<MetricValue<string>>;
type Labels = Readonly<Partial<Record<string, string | number>>>;

/** Gives the exemplar of a bucket of a histogram. */
export type FindExemplar = (family: string, labels: Labels) => Exemplar | undefined;

/**
 * Renders metrics in OpenMetrics' text format
 * (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md), which has exemplars.
 */
export function renderOpenMetrics(families: readonly Family[], findExemplar: FindExemplar): string {
  return `${families.map((family) => renderFamily(family, findExemplar)).join('')}# EOF\n`;
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

function renderFamily({ name, help, type, values }: Family, findExemplar: FindExemplar): string {
  // A counter's family is named without the suffix that its samples have.
  const family = String(type) === 'counter' ? name.replace(/_total$/, '') : name;
  const samples = values.map((sample) => {
    const sampleName =
      'metricName' in sample ? String((sample as MetricValueWithName<string>).metricName ?? name) : name;
    const exemplar = sampleName.endsWith('_bucket') ? findExemplar(name, sample.labels) : undefined;
    return `${sampleName}${renderLabels(sample.labels)} ${renderNumber(sample.value)}${renderExemplar(exemplar)}\n`;
  });
  return `# HELP ${family} ${escapeText(help)}\n# TYPE ${family} ${String(type)}\n${samples.join('')}`;
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
