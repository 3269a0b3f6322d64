import { type LogEvent, type LogField, logFields } from './contract/logs.js';
import { cutText } from './cut-text.js';
import type { ErrorFields } from './error-fields.js';
import type { TraceIds } from './traces/current.js';

/** Renders the part of a line that is the event's own: ids, fields, message and the end of the line. */
export type RenderEvent = (fields: Readonly<Record<string, unknown>>, trace: TraceIds | undefined) => string;

/** Issues shown of a validation. */
const ISSUES_MAX = 10;

/**
 * Makes the renderer of an event from its contract. What all its lines share is text from the start, and no value's type is
 * asked. Long texts are cut, so that no line is longer than 16,000 bytes.
 */
export function compileEvent(
  { message, fields = [], optionalFields = [] }: LogEvent,
  describeError: (error: unknown) => ErrorFields,
): RenderEvent {
  const renderError = (error: unknown) => {
    const { error_type, exc_info, stacks_omitted } = describeError(error);
    const stack = exc_info === undefined ? '' : `,"exc_info":"${escapeText(exc_info)}"`;
    const omitted = stacks_omitted === undefined ? '' : `,"stacks_omitted":${stacks_omitted}`;
    return `,"error_type":"${escapeText(error_type)}"${stack}${omitted}`;
  };
  const members = [...fields, ...optionalFields].map((name) => {
    const { type }: LogField = logFields[name];
    const render = renderValue[type as keyof typeof renderValue] as ((value: unknown) => string) | undefined;
    return { name, render: render === undefined ? renderError : prefixed(`,"${name}":`, render) };
  });
  const [head = '', ...parts] = message.split(/[{}]/).map(escapeText);
  return (values, trace) => {
    let line = trace === undefined ? '' : `,"trace_id":"${trace.trace_id}","span_id":"${trace.span_id}"`;
    for (const { name, render } of members) {
      const value = values[name];
      if (value !== undefined) line += render(value);
    }
    line += `,"message":"${head}`;
    // The split alternates between a field's name and the text behind it.
    for (let index = 0; index < parts.length; index += 2) {
      const value = values[parts[index] ?? ''];
      line += typeof value === 'string' ? escapeText(cutText(value)) : value;
      line += parts[index + 1];
    }
    return `${line}"}\n`;
  };
}

const renderNumber = (value: number | null) => (Number.isFinite(value) ? `${value}` : 'null');

/** The JSON of a field, by its type; an error becomes several fields. */
const renderValue = {
  string: (text: string) => `"${escapeText(cutText(text))}"`,
  integer: renderNumber,
  number: renderNumber,
  'integer or null': renderNumber,
  issues: (issues: readonly { readonly path: string; readonly message: string }[]) => {
    const shown = issues.slice(0, ISSUES_MAX);
    const cut = shown.map(({ path, message }) => ({ path: cutText(path, 100), message: cutText(message, 200) }));
    return escapeLineBreaks(JSON.stringify(cut));
  },
} as const;

function prefixed(prefix: string, render: (value: unknown) => string): (value: unknown) => string {
  return (value) => prefix + render(value);
}

/** C1 control characters and Unicode's line ends: JSON allows them unescaped, and some readers break lines there. */
const LINE_BREAKING = /[\u0080-\u009f\u2028\u2029]/g;

/** The characters that JSON.stringify() escapes, halves of a pair without the other among them, and those that break lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
const NEEDS_ESCAPE = /["\\\u0000-\u001f\u0080-\u009f\u2028\u2029\ud800-\udfff]/;

function escapeText(text: string): string {
  return NEEDS_ESCAPE.test(text) ? escapeLineBreaks(JSON.stringify(text).slice(1, -1)) : text;
}

function escapeLineBreaks(json: string): string {
  return json.replace(LINE_BREAKING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
