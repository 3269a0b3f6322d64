import { logEvents } from '@products/telemetry/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, type LogLine, post, startBackend } from './backend.js';
import { readFromRepository } from './documents.js';
import { findLineProblems } from './log-line-schema.js';

// docs/log-line.schema.json takes every line (each that any test's service writes is checked as it comes), and no other.

let backend: Backend;
const byMessage = (message: string): LogLine => {
  const found = backend.lines.find((line) => line.message.startsWith(message));
  if (found === undefined) throw new Error(`no line ${message}`);
  return found;
};

beforeAll(async () => {
  backend = await startBackend({ LOG_LEVEL: 'DEBUG' });
  for (const path of ['/products', '/products?after=3', '/error', '/livez']) await (await backend.fetch(path)).text();
  await (await backend.fetch('/products', post({ name: '', price: -1 }))).text();
  await backend.stop();
});
afterAll(async () => {
  await backend.stop();
});

it('it takes the lines as they are', () => {
  expect(backend.lines.length).toBeGreaterThan(15);
  for (const line of backend.lines) expect(findLineProblems(line)).toEqual([]);
});

describe('it refuses a line', () => {
  const received = 'Requête reçue: GET /products';
  const completed = 'Requête complétée: GET /products';
  it.each<[string, string, (line: LogLine) => Record<string, unknown>]>([
    ['without its level', received, ({ level, ...line }) => line],
    ['of a level that the event has not', received, (line) => ({ ...line, level: 'ERROR' })],
    ['of an unknown level', received, (line) => ({ ...line, level: 'FATAL' })],
    ['without a field', completed, ({ duration_ms, ...line }) => line],
    ['with a field of another event', received, (line) => ({ ...line, status: 200 })],
    ['with an unknown field', received, (line) => ({ ...line, user: 'x' })],
    ['with a field of another type', completed, (line) => ({ ...line, status: '200' })],
    ['with a text where there is a list', 'Requête refusée', (line) => ({ ...line, issues: 'name' })],
    ['with null where there is none', completed, (line) => ({ ...line, route: null })],
    ['with an unknown message', received, (line) => ({ ...line, message: 'Bonjour' })],
    ['with a message that goes on', 'Service arrêté', (line) => ({ ...line, message: 'Service arrêté.' })],
    [
      'with a word where the message has a number',
      '10 produits',
      (line) => ({ ...line, message: 'dix produits récupérés' }),
    ],
    ['of another service', received, (line) => ({ ...line, service: 'frontend' })],
    ['with a time of another form', received, (line) => ({ ...line, timestamp: '2024-12-14T21:30:00Z' })],
    ['with one id without the other', received, ({ span_id, ...line }) => line],
    ['with an id in capitals', received, (line) => ({ ...line, trace_id: 'C0FFEE00000000000000000000000001' })],
    [
      'with ids outside of any request',
      'Service arrêté',
      (line) => ({ ...line, trace_id: 'c'.repeat(32), span_id: 'c'.repeat(16) }),
    ],
    ['with an error that is no flat text', 'Erreur:', ({ error_type, exc_info, ...line }) => ({ ...line, error: {} })],
  ])('%s', (_, message, damage) => {
    const line = byMessage(message);
    expect(findLineProblems(line)).toEqual([]);
    expect(findLineProblems(damage(line))).not.toEqual([]);
  });

  it.each([[[]], [null], ['Service arrêté'], [{}]])('that is %j', (line) => {
    expect(findLineProblems(line)).not.toEqual([]);
  });
});

it('an error’s stack may be left out, which is counted', () => {
  const { exc_info, ...line } = byMessage('Erreur:');
  expect(findLineProblems({ ...line, stacks_omitted: 3 })).toEqual([]);
});

it('it has an alternative for every event', () => {
  const schema = JSON.parse(readFromRepository('docs/log-line.schema.json'));
  expect(Object.keys(schema.$defs.events)).toEqual(Object.keys(logEvents));
});
