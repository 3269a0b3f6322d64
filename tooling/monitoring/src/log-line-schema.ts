import {
  commonLogFields,
  errorFields,
  type LogEvent,
  type LogField,
  logEvents,
  logFields,
} from '@products/telemetry/contract';

type Schema = Readonly<Record<string, unknown>>;
type Fields = Readonly<Record<string, LogField>>;

/** JSON types of fields; a line has the flat fields of an error in its place. */
const types: Readonly<Record<Exclude<LogField['type'], 'error'>, Schema>> = {
  string: { type: 'string' },
  integer: { type: 'integer' },
  number: { type: 'number' },
  'integer or null': { type: ['integer', 'null'] },
  issues: {
    type: 'array',
    items: {
      type: 'object',
      properties: { path: { type: 'string' }, message: { type: 'string' } },
      required: ['path', 'message'],
      additionalProperties: false,
    },
  },
};

/** What common fields are beyond their type. */
const formats: Readonly<Record<string, Schema>> = {
  timestamp: { pattern: '^\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2}$' },
  service: { const: 'backend' },
  trace_id: { pattern: '^[0-9a-f]{32}$' },
  span_id: { pattern: '^[0-9a-f]{16}$' },
};

const IDS = ['trace_id', 'span_id'] as const;
/** Each event has them as its own. */
const OWN = ['level', 'message'] as const;

/** The lines of the log as a JSON Schema: one alternative for each event. */
export function renderLogLineSchema(): string {
  const { error: _, ...ownFields } = logFields;
  const fields: Fields = { ...commonLogFields, ...ownFields, ...errorFields };
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A line of the log of the products service',
    description: 'Made by `pnpm generate` from packages/telemetry/src/contract/logs.ts.',
    oneOf: Object.keys(logEvents).map((name) => ({ $ref: `#/$defs/events/${name}` })),
    $defs: {
      fields: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, describeField(name, field)])),
      events: Object.fromEntries(
        Object.entries<LogEvent>(logEvents).map(([name, event]) => [name, describeEvent(event)]),
      ),
    },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function describeField(name: string, { type, description }: LogField): Schema {
  if (type === 'error') throw new Error(`${name} is no field of a line`);
  return { description, ...types[type], ...formats[name] };
}

function describeEvent({ levels, message, fields = [], optionalFields = [], span }: LogEvent): Schema {
  const common = Object.keys(commonLogFields).filter((name) => !(IDS as readonly string[]).includes(name));
  const hasError = fields.includes('error');
  const required = [...common, ...fields.map((name) => (name === 'error' ? 'error_type' : name))];
  const optional = [
    ...optionalFields,
    ...(hasError ? Object.keys(errorFields).filter((name) => name !== 'error_type') : []),
    ...(span === undefined ? [] : IDS),
  ];
  const others = [...required, ...optional].filter((name) => !(OWN as readonly string[]).includes(name));
  return {
    type: 'object',
    properties: {
      level: { enum: levels },
      message: describeMessage(message),
      ...Object.fromEntries(others.map((name) => [name, { $ref: `#/$defs/fields/${name}` }])),
    },
    required,
    ...(span === undefined ? {} : { dependentRequired: { trace_id: ['span_id'], span_id: ['trace_id'] } }),
    additionalProperties: false,
  };
}

/** How the value of a field looks in a message. */
const inMessages: Readonly<Record<LogField['type'], string>> = {
  string: '[\\s\\S]*',
  integer: '-?\\d+',
  number: '-?[\\d.e+-]+',
  'integer or null': '(?:-?\\d+|null)',
  error: '[\\s\\S]*',
  issues: '[\\s\\S]*',
};

function describeMessage(message: string): Schema {
  const [head = '', ...parts] = message.split(/[{}]/);
  if (parts.length === 0) return { const: head };
  // The split alternates between a field's name and the text behind it.
  const pattern = parts.map((part, index) =>
    index % 2 === 0 ? inMessages[logFields[part as keyof typeof logFields].type] : escapePattern(part),
  );
  return { type: 'string', pattern: `^${escapePattern(head)}${pattern.join('')}$` };
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
