/** A sample of an exposition. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly exemplar?: { readonly traceId: string; readonly value: number; readonly timeMs: number };
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*?)\})? (\S+)(?: \S+)?(?: # \{(.*?)\} (\S+)(?: (\S+))?)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/**
 * Reads an exposition in Prometheus's text format or OpenMetrics
 * (https://prometheus.io/docs/specs/om/open_metrics_spec/). Lines that are no samples are left out.
 */
export function readExposition(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const match = SAMPLE.exec(line);
    if (match === null) continue;
    const [, name = '', labels = '', value = '', exemplarLabels, exemplarValue, exemplarTime] = match;
    const traceId = exemplarLabels === undefined ? undefined : readLabels(exemplarLabels)['trace_id'];
    samples.push({
      name,
      labels: readLabels(labels),
      value: numberOf(value),
      ...(traceId !== undefined && {
        exemplar: { traceId, value: numberOf(exemplarValue ?? ''), timeMs: numberOf(exemplarTime ?? '0') * 1_000 },
      }),
    });
  }
  return samples;
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(LABEL)) {
    labels[name] = value.replaceAll(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character));
  }
  return labels;
}

function numberOf(text: string): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text);
}
