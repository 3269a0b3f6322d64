import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { errorCatalogue } from '@products/api-contract/server';
import { parseEnvironment } from '@products/environment';
import { telemetryEnvironment } from '@products/telemetry';
import { describe, expect, it } from 'vitest';
import { readConfig, serviceEnvironment } from '../src/config.js';
import { documents, readFromRepository } from './documents.js';

// The documents and the code agree.

const repository = path.resolve(import.meta.dirname, '../../..');
const sorted = (words: Iterable<string>) => [...new Set(words)].sort();

const environment = { ...serviceEnvironment, ...telemetryEnvironment };
const variables = sorted(Object.keys(environment));

/** Items of lists in a document: `- \`NAME\` (default): …`. */
const items = (text: string) =>
  [...text.matchAll(/^- `([^`]+)` \(([^)]+)\): /gm)].map(([, name, value]) => [String(name), String(value)] as const);

describe('the documents', () => {
  it('explain every variable, and no other', () => {
    expect(
      items(readFromRepository('docs/configuration.md'))
        .map(([name]) => name)
        .sort(),
    ).toEqual(variables);
  });

  it('give the defaults that the code has', () => {
    const { LOG_LEVEL, ...defaults } = Object.fromEntries(items(readFromRepository('docs/configuration.md')));
    expect(LOG_LEVEL).toBe('`INFO`');
    expect(readConfig({}).logLevel).toBe('INFO');
    expect(readConfig({ FLASK_DEBUG: 'True' }).logLevel).toBe('DEBUG');
    const documented = Object.entries(defaults).filter(([, value]) => value !== 'unset');
    const declared = parseEnvironment(environment, {});
    expect(sorted(documented.map(([name]) => name))).toEqual(sorted(Object.keys(declared.values)));
    const values = Object.fromEntries(documented.map(([name, value]) => [name, value.replaceAll('`', '')]));
    expect(parseEnvironment(environment, values)).toEqual(declared);
  });

  it('explain every error code with its status, and no other', () => {
    const section = readFromRepository('docs/api.md').split('## Errors')[1] ?? '';
    const documented = [...section.matchAll(/`([A-Z_]+)`\s\((\d+)\)/g)].map(([, code, status]) => [
      code,
      Number(status),
    ]);
    const declared = Object.entries(errorCatalogue).map(([code, { status }]) => [code, status]);
    expect(documented.sort()).toEqual(declared.sort());
  });

  it('list the error codes that the code answers, and no other', () => {
    const section = readFromRepository('docs/api.md').split('## Errors')[1] ?? '';
    const files = globSync('{apps,packages}/*/src/**/*.ts', { cwd: repository });
    const answered = files.flatMap((file) => [...readFromRepository(file).matchAll(/new ApiError\('([A-Z_]+)'/g)]);
    expect(
      items(section)
        .map(([code]) => code)
        .sort(),
    ).toEqual(sorted(answered.map(([, code]) => String(code))));
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
      ...readFromRepository(document).matchAll(/(?:`|--yes |^)pnpm ([a-z:]+)|npm run ([a-z:]+)/gm),
    ]);
    const known = new Set([...Object.keys(scripts), 'pack', 'install', 'exec']);
    const unknown = named.map(([, ofPnpm, ofNpm]) => String(ofPnpm ?? ofNpm)).filter((name) => !known.has(name));
    expect(unknown).toEqual([]);
  });
});
