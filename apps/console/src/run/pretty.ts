import { styleText } from 'node:util';
import { extraFields, readLine } from './line.js';

type Style = Parameters<typeof styleText>[0];

const LEVEL_STYLES: Readonly<Record<string, Style>> = {
  DEBUG: 'gray',
  INFO: 'blue',
  WARNING: ['yellow', 'bold'],
  ERROR: ['red', 'bold'],
  CRITICAL: ['red', 'bold', 'inverse'],
};

/** `ESC [ … m` (https://www.ecma-international.org/publications-and-standards/standards/ecma-48/, SGR). */
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');

/** `14:03:11.204`, in local time. */
const clock = new Intl.DateTimeFormat('fr', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

/**
 * A line for a person: time, level, message, fields, and the trace as a link. What is no JSON line is shown as it is, and no
 * character of a value moves the cursor or hides the rest.
 *
 * @param traceUrl a template with `{trace_id}`
 */
export function renderPretty(text: string, traceUrl: string | undefined): string {
  try {
    return render(text, traceUrl);
  } catch {
    // Too deep for JSON, or whatever else: better as it is than not at all.
    return visible(text);
  }
}

function render(text: string, traceUrl: string | undefined): string {
  const line = readLine(text);
  if (line.level === '' && Object.keys(line.fields).length === 0) return visible(text, true);
  const level = styleText(LEVEL_STYLES[line.level] ?? 'white', line.level.padEnd(7));
  const fields: string[] = [];
  const blocks: string[] = [];
  for (const [name, value] of extraFields(line.fields)) {
    const shown = typeof value === 'string' ? value : JSON.stringify(value);
    if (shown.includes('\n')) blocks.push(...shown.split('\n').map((row) => `    ${styleText('gray', visible(row))}`));
    // The message of a request names its method and its path already.
    else if (!line.message.includes(shown) || shown.length < 3) {
      fields.push(`${styleText('gray', `${visible(name)}=`)}${visible(quote(shown))}`);
    }
  }
  const trace = line.traceId === '' ? [] : [linkTo(line.traceId, traceUrl)];
  const time = styleText('gray', clock.format(line.timeMs).replace(',', '.'));
  return [[time, level, visible(line.message), ...fields, ...trace].join(' '), ...blocks].join('\n');
}

/** A hyperlink of the terminal (https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda), by the id's first digits. */
function linkTo(traceId: string, traceUrl: string | undefined): string {
  const id = visible(traceId);
  const short = styleText('cyan', `↗${id.slice(0, 8)}`);
  return traceUrl === undefined
    ? short
    : `\u001b]8;;${traceUrl.replaceAll('{trace_id}', id)}\u001b\\${short}\u001b]8;;\u001b\\`;
}

function quote(text: string): string {
  return /[\s"=]/.test(text) ? JSON.stringify(text) : text;
}

/** Control characters as their pictures. Colours of a program's own lines may stay. */
export function visible(text: string, isStyled = false): string {
  const colours = isStyled ? text.matchAll(COLOUR) : [];
  const kept = new Set([...colours].map(({ index }) => index));
  return text.replaceAll(/[\p{Cc}--\t]/gv, (character, offset: number) => {
    const code = character.charCodeAt(0);
    if (kept.has(offset)) return character;
    return code < 0x20 ? String.fromCharCode(0x24_00 + code) : '�';
  });
}
