import {
  commonLogFields,
  errorFields,
  type LogEvent,
  type LogEventName,
  type LogField,
  logEvents,
  logFields,
} from './logs.js';

const events = Object.entries(logEvents).map(([name, event]) => ({
  name: name as LogEventName,
  event: event as LogEvent,
  parts: event.message.split(/[{}]/),
}));

const isOfType: Readonly<Record<LogField['type'], (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  number: Number.isFinite,
  'integer or null': (value) => value === null || Number.isInteger(value),
  // A line has its flat fields instead.
  error: () => false,
  issues: Array.isArray,
};

/**
 * Finds the event that a line of the service's log reports.
 *
 * @param line as parsed from JSON
 * @throws {Error} that lists how the line differs from its declaration
 */
export function matchLine(line: Readonly<Record<string, unknown>>): LogEventName {
  const [match, another] = events.filter(
    ({ event, parts }) =>
      renderMessage(parts, line) === line['message'] &&
      (event.fields ?? []).every((field) => (field === 'error' ? 'error_type' : field) in line),
  );
  if (match === undefined) throw new Error(`undeclared log line: ${JSON.stringify(line)}`);
  if (another !== undefined) throw new Error(`both ${match.name} and ${another.name}: ${JSON.stringify(line)}`);
  const { name, event } = match;
  const problems = [...findFieldProblems(line, event), ...findCommonProblems(line, event)];
  if (problems.length > 0) throw new Error(`${name}: ${problems.join(', ')}: ${JSON.stringify(line)}`);
  return name;
}

/** @param parts of a message, constant texts and names of fields in turn */
function renderMessage(parts: readonly string[], line: Readonly<Record<string, unknown>>): string {
  return parts.map((part, index) => (index % 2 === 0 ? part : line[part])).join('');
}

function findFieldProblems(line: Readonly<Record<string, unknown>>, { fields = [], optionalFields = [] }: LogEvent) {
  const declared: Readonly<Record<string, LogField>> = {
    ...commonLogFields,
    ...Object.fromEntries([...fields, ...optionalFields].map((name) => [name, logFields[name]])),
    ...(fields.includes('error') ? errorFields : {}),
  };
  return Object.entries(line).flatMap(([name, value]) => {
    const field = declared[name];
    if (field === undefined) return [`undeclared field ${name}`];
    return isOfType[field.type](value) ? [] : [`${name} is not of type ${field.type}`];
  });
}

function findCommonProblems(line: Readonly<Record<string, unknown>>, { levels, span }: LogEvent) {
  const { timestamp, time, level, service, trace_id, span_id } = line;
  return [
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(String(timestamp)) ? '' : 'malformed timestamp',
    Number.isInteger(time) ? '' : 'malformed time',
    (levels as readonly unknown[]).includes(level) ? '' : `undeclared level ${level}`,
    service === 'backend' ? '' : `service is ${service}`,
    (trace_id === undefined) === (span_id === undefined) ? '' : 'one id without the other',
    trace_id === undefined || /^[0-9a-f]{32}$/.test(String(trace_id)) ? '' : 'malformed trace_id',
    span_id === undefined || /^[0-9a-f]{16}$/.test(String(span_id)) ? '' : 'malformed span_id',
    span === undefined && trace_id !== undefined ? 'ids outside of a request' : '',
  ].filter((problem) => problem !== '');
}
