import {
  commonLogFields,
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

/** The telemetry contract as a page of Markdown. */
export function renderTelemetryReference(): string {
  return [
    '# Telemetry reference',
    'Everything that the service puts out, generated from `packages/telemetry/src/contract` by `pnpm generate`; [telemetry](telemetry.md) explains it.',
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
    table(
      ['field', 'type', 'content'],
      Object.entries(commonLogFields).map(([name, { type, description }]) => [code(name), type, description]),
    ),
    'Messages, their further fields, and the span whose id the line has (none: a line outside of any request; `active`: whichever is active, if any; inside a batch, `request` is the span of the procedure):',
    table(
      ['message', 'level', 'fields', 'span'],
      Object.values<LogEvent>(logEvents).map(({ message, levels, fields = [], optionalFields = [], span }) => [
        code(message),
        levels.map(code).join(', '),
        [...fields.map(code), ...optionalFields.map((field) => `${code(field)} (optional)`)].join(', '),
        span === undefined ? '' : code(span),
      ]),
    ),
    'Further fields:',
    table(
      ['field', 'type', 'content'],
      Object.entries(logFields).map(([name, { type, description }]) => [code(name), type, description]),
    ),
  ];
}

function renderMetrics(): string[] {
  return [
    '## Metrics',
    table(
      ['metric', 'type', 'labels', 'content'],
      Object.entries<Metric>(metrics).map(([name, { type, labels = [], help, hasExemplars }]) => [
        code(name),
        hasExemplars ? `${type}, exemplars with \`trace_id\`` : type,
        labels.map(code).join(', '),
        help,
      ]),
    ),
    'Buckets, in seconds:',
    list(
      Object.entries<Metric>(metrics).flatMap(([name, { buckets }]) =>
        buckets === undefined ? [] : [`${code(name)}: ${buckets.join(', ')}`],
      ),
    ),
    'Values of labels:',
    table(
      ['label', 'values'],
      Object.entries(labelValues).map(([label, values]) => [code(label), values]),
    ),
    'The default metrics of Node.js, from [prom-client](https://github.com/siimon/prom-client#default-metrics):',
    table(
      ['metric', 'type', 'labels'],
      Object.entries<Omit<Metric, 'help'>>(nodeMetrics).map(([name, { type, labels = [] }]) => [
        code(name),
        type,
        labels.map(code).join(', '),
      ]),
    ),
  ];
}

function renderSpans(): string[] {
  return [
    '## Spans',
    table(
      ['span', 'kind', 'content', 'name'],
      Object.entries(spans).map(([key, span]) => [
        code(key),
        span.kind,
        span.description,
        'name' in span ? span.name : code(key),
      ]),
    ),
    'Their attributes; in parentheses, those of some only:',
    list(
      Object.entries(spans).map(([key, { attributes, optionalAttributes }]) => {
        const some = optionalAttributes.length === 0 ? [] : [`(${optionalAttributes.map(code).join(', ')})`];
        return `${code(key)}: ${[...attributes.map(code), ...some].join(', ') || 'none'}`;
      }),
    ),
    table(
      ['attribute', 'type', 'content'],
      Object.entries(spanAttributes).map(([name, { type, description }]) => [code(name), type, description]),
    ),
    'An error is an event `exception` with `exception.type`, `exception.message` and `exception.stacktrace`. Attributes of the resource, and those of `OTEL_RESOURCE_ATTRIBUTES`:',
    table(
      ['attribute', 'content'],
      Object.entries(resourceAttributes).map(([name, content]) => [code(name), content]),
    ),
  ];
}

function code(text: string): string {
  return `\`${text}\``;
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

/** A table whose columns are aligned, as the formatter wants it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((cells) => cells[column]?.length ?? 0)));
  const renderRow = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [head, widths.map((width) => '-'.repeat(width)), ...rows].map(renderRow).join('\n');
}
