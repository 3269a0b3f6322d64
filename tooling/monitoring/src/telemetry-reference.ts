import {
  commonLogFields,
  errorFields,
  type LogEvent,
  labelValues,
  logEvents,
  logFields,
  type Metric,
  metrics,
  nodeMetrics,
  resourceAttributes,
  spanAttributes,
  spans,
} from '@products/telemetry/contract';

const LINE_WIDTH = 120;

/** The telemetry contract as a page of Markdown. */
export function renderTelemetryReference(): string {
  return [
    '# Telemetry reference',
    wrap(
      'All log lines, metrics and spans of the service. Generated from `packages/telemetry/src/contract` by `pnpm generate`; [telemetry](telemetry.md) explains it.',
    ),
    ...renderLogs(),
    ...renderMetrics(),
    ...renderSpans(),
  ]
    .join('\n\n')
    .concat('\n');
}

function renderLogs(): string[] {
  return [
    '## Logs',
    'Fields of every line:',
    renderTyped(commonLogFields),
    '### Messages',
    'Each with its levels, the span whose id the line has, and its further fields:',
    list([
      'no span: a line outside of any request;',
      'span `request`: inside a batch, the span of the procedure;',
      'span `active`: the active one, if any.',
    ]),
    'In the order of a service’s life:',
    list(Object.values<LogEvent>(logEvents).map(renderMessage)),
    '### Fields of messages',
    renderTyped({ ...logFields, ...errorFields }),
  ];
}

function renderMessage({ message, levels, fields = [], optionalFields = [], span }: LogEvent): string {
  const allFields = [...fields.map(code), ...optionalFields.map((field) => `${code(field)} (optional)`)];
  return [
    `${code(message)}: ${codes(levels)}`,
    ...(span === undefined ? [] : [`span ${code(span)}`]),
    ...(allFields.length === 0 ? [] : [`fields ${allFields.join(', ')}`]),
  ].join('; ');
}

function renderMetrics(): string[] {
  const declared = Object.entries<Metric>(metrics);
  const ofNode = Map.groupBy(Object.entries<Omit<Metric, 'help'>>(nodeMetrics), ([, { type }]) => type);
  return [
    '## Metrics',
    list(
      declared.map(([name, { type, labels = [], help, hasExemplars }]) =>
        [
          `${code(name)} (${type}): ${help}`,
          ...(labels.length === 0 ? [] : [`labels ${codes(labels)}`]),
          ...(hasExemplars ? ['exemplars with `trace_id`'] : []),
        ].join('; '),
      ),
    ),
    'Buckets, in seconds:',
    list(
      declared.flatMap(([name, { buckets }]) =>
        buckets === undefined ? [] : [`${code(name)}: ${buckets.join(', ')}`],
      ),
    ),
    'Values of labels:',
    list(Object.entries(labelValues).map(([label, values]) => `${code(label)}: ${values}`)),
    wrap(
      'The default metrics of Node.js, from [prom-client](https://github.com/siimon/prom-client#default-metrics), with their labels:',
    ),
    list([...ofNode].map(([type, found]) => `${type}: ${found.map(renderNodeMetric).join(', ')}`)),
  ];
}

function renderNodeMetric([name, { labels = [] }]: readonly [string, Omit<Metric, 'help'>]): string {
  return labels.length === 0 ? code(name) : `${code(name)} (${codes(labels)})`;
}

function renderSpans(): string[] {
  const byAttributes = Map.groupBy(Object.entries(spans), ([, { attributes, optionalAttributes }]) => {
    const some = optionalAttributes.length === 0 ? [] : [`(${codes(optionalAttributes)})`];
    return [...attributes.map(code), ...some].join(', ') || 'none';
  });
  return [
    '## Spans',
    list(
      Object.entries(spans).map(([key, span]) =>
        [`${code(key)} (${span.kind}): ${span.description}`, ...('name' in span ? [`named ${span.name}`] : [])].join(
          '; ',
        ),
      ),
    ),
    'Their attributes; in parentheses, those of some spans only:',
    list([...byAttributes].map(([attributes, found]) => `${codes(found.map(([key]) => key))}: ${attributes}`)),
    '### Attributes',
    renderTyped(spanAttributes),
    'An error is an event `exception` with `exception.type`, `exception.message` and `exception.stacktrace`.',
    'Attributes of the resource, beside those of `OTEL_RESOURCE_ATTRIBUTES`:',
    list(Object.entries(resourceAttributes).map(([name, content]) => `${code(name)}: ${content}`)),
  ];
}

function renderTyped(
  declared: Readonly<Record<string, { readonly type: string; readonly description: string }>>,
): string {
  return list(
    Object.entries(declared).map(([name, { type, description }]) => `${code(name)} (${type}): ${description}`),
  );
}

function code(text: string): string {
  return `\`${text}\``;
}

function codes(words: readonly string[]): string {
  return words.map(code).join(', ');
}

function list(items: readonly string[]): string {
  return items.map((item) => wrap(item, '- ', '  ')).join('\n');
}

/** Breaks lines at spaces, but not inside code and links. */
function wrap(text: string, firstIndent = '', indent = ''): string {
  const [first = '', ...words] = text.match(/(?:`[^`]*`|\[[^\]]*\]\([^)]*\)|[^\s`])+/g) ?? [];
  const lines = [firstIndent + first];
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`;
    if (longer.length <= LINE_WIDTH) lines[lines.length - 1] = longer;
    else lines.push(indent + word);
  }
  return lines.join('\n');
}
