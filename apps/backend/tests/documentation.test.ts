import { existsSync } from 'node:fs';
import path from 'node:path';
import { errorCatalogue } from '@products/api-contract/server';
import { telemetryEnvironment } from '@products/telemetry';
import { describe, expect, it } from 'vitest';
import { readConfig, serviceEnvironment } from '../src/config.js';
import { documents, readFromRepository } from './documents.js';

// What the documents say is what the code does, and the reverse.

const repository = path.resolve(import.meta.dirname, '../../..');
const sorted = (words: Iterable<string>) => [...new Set(words)].sort();

const variables = sorted([...Object.keys(serviceEnvironment), ...Object.keys(telemetryEnvironment)]);

/** First cells of the rows of all tables in a document. */
const firstCells = (text: string) => [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, cell]) => String(cell));

describe('the documents', () => {
  it('explain every variable, and no other', () => {
    expect(sorted(firstCells(readFromRepository('docs/configuration.md')))).toEqual(variables);
  });

  it('list every variable in the README, and no other', () => {
    const section = readFromRepository('README.md').split('## Variables')[1]?.split('\n## ')[0] ?? '';
    expect(sorted([...section.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => String(name)))).toEqual(variables);
  });

  it('give the defaults that the code has', () => {
    const rows = [...readFromRepository('docs/configuration.md').matchAll(/^\| `(\w+)` *\| `([^`]+)`/gm)];
    const documented = Object.fromEntries(rows.map(([, name, value]) => [String(name), String(value)]));
    expect(Object.keys(documented).length).toBeGreaterThan(20);
    expect(readConfig(documented)).toEqual(readConfig({}));
    const { LOG_LEVEL, ...withoutLogLevel } = documented;
    expect(LOG_LEVEL).toBe('INFO');
    expect(readConfig({ ...withoutLogLevel, FLASK_DEBUG: 'True' }).logLevel).toBe('DEBUG');
  });

  it('explain every error code, and no other', () => {
    const section = readFromRepository('docs/api.md').split('## Errors')[1] ?? '';
    expect(sorted(firstCells(section))).toEqual(sorted(Object.keys(errorCatalogue)));
  });

  it.each(documents)('%s names only files and links that exist', (document) => {
    const text = readFromRepository(document);
    const folder = path.dirname(path.join(repository, document));
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, target]) =>
      path.resolve(folder, String(target)),
    );
    const files = [...text.matchAll(/`((?:apps|packages|tooling|docs|\.ci)\/[\w./-]+)`/g)].map(([, file]) =>
      path.join(repository, String(file)),
    );
    expect([...links, ...files].filter((file) => !existsSync(file))).toEqual([]);
  });

  it('name only scripts that exist', () => {
    const { scripts } = JSON.parse(readFromRepository('package.json')) as { scripts: Record<string, string> };
    const named = documents.flatMap((document) => [
      ...readFromRepository(document).matchAll(/(?:`|--yes |^)pnpm ([a-z:]+)/gm),
    ]);
    const known = new Set([...Object.keys(scripts), 'pack', 'install']);
    const unknown = named.map(([, name]) => String(name)).filter((name) => !known.has(name));
    expect(unknown).toEqual([]);
  });
});
