// A line of the log as a person reads it in a terminal.
import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { renderPretty } from '../src/run/pretty.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const line = (fields: Record<string, unknown>) => JSON.stringify({ level: 'INFO', time: 1_795_726_426_165, ...fields });
const plain = (text: string) => stripVTControlCharacters(text);

it('has time, level, message, the fields that are not in the message, and the trace', () => {
  const text = line({
    message: 'Requête complétée: GET /products',
    method: 'GET',
    path: '/products',
    status: 200,
    trace_id: TRACE,
  });
  expect(plain(renderPretty(text, undefined))).toMatch(
    /^\d\d:\d\d:46\.165 INFO {4}Requête complétée: GET \/products (?:method=GET )?status=200 ↗4bf92f35$/,
  );
});

it('links the trace where it is shown', () => {
  const shown = renderPretty(line({ message: 'm', trace_id: TRACE }), 'http://localhost:16686/trace/{trace_id}');
  expect(shown).toContain(`\u001b]8;;http://localhost:16686/trace/${TRACE}\u001b\\`);
  expect(renderPretty(line({ message: 'm', trace_id: TRACE }), undefined)).not.toContain('\u001b]8');
});

it('shows a stack below its line', () => {
  const shown = plain(
    renderPretty(line({ level: 'ERROR', message: 'raté', exc_info: 'TypeError: raté\n    at f' }), undefined),
  );
  expect(shown.split('\n').slice(1)).toEqual(['    TypeError: raté', '        at f']);
});

it('lets no value move the cursor or hide the rest', () => {
  const shown = renderPretty(
    line({ message: 'a\u001b[2Jb\rc', field: '\u001b]0;title\u0007', trace_id: '\u001b[1m' }),
    undefined,
  );
  expect(plain(shown)).toContain('a␛[2Jb␍c');
  expect(shown).not.toContain('\u001b[2J');
  expect(shown).not.toContain('\u001b]0');
});

it('shows a line that is too deep to be read as it is', () => {
  const text = `{"deep":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
  expect(renderPretty(text, undefined)).toBe(text);
});

it('shows what is no JSON as it is, with its colours', () => {
  expect(renderPretty('plain \u001b[31mred\u001b[39m', undefined)).toBe('plain \u001b[31mred\u001b[39m');
  expect(renderPretty('{"broken', undefined)).toBe('{"broken');
});

it.each([1e300, -1e300, null, 'now', '1e999'])('shows a line whose time is %j at the time of its receipt', (time) => {
  expect(plain(renderPretty(JSON.stringify({ level: 'INFO', time, message: 'm' }), undefined))).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} INFO {4}m$/,
  );
});
