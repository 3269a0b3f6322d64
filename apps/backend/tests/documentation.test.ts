import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { errorCatalogue } from '@products/api-contract/server';
import { parseEnvironment } from '@products/environment';
import { telemetryEnvironment } from '@products/telemetry';
import { describe, expect, it } from 'vitest';
import { readConfig, serviceEnvironment } from '../src/config.js';
import { documents, readFromRepository, sectionsOf } from './documents.js';

// The documents and the code agree.

const repository = path.resolve(import.meta.dirname, '../../..');
const sorted = (words: Iterable<string>) => [...new Set(words)].sort();

const environment = { ...serviceEnvironment, ...telemetryEnvironment };
const variables = sorted(Object.keys(environment));

/** Items of lists in a document: `- \`NAME\` (default): …`. */
const items = (text: string) =>
  [...text.matchAll(/^- `([^`]+)` \(([^)]+)\)\u{a0}?: /gmu)].map(
    ([, name, value]) => [String(name), String(value)] as const,
  );

const configurations = [
  ['docs/configuration.md', 'unset'],
  ['docs/fr/configuration.md', 'non définie'],
] as const;

describe.each(configurations)('%s', (document, unset) => {
  it('explains every variable, and no other', () => {
    expect(
      items(readFromRepository(document))
        .map(([name]) => name)
        .sort(),
    ).toEqual(variables);
  });

  it('gives the defaults that the code has', () => {
    const { LOG_LEVEL, ...defaults } = Object.fromEntries(items(readFromRepository(document)));
    expect(LOG_LEVEL).toBe('`INFO`');
    expect(readConfig({}).logLevel).toBe('INFO');
    expect(readConfig({ FLASK_DEBUG: 'True' }).logLevel).toBe('DEBUG');
    const documented = Object.entries(defaults).filter(([, value]) => value !== unset);
    const declared = parseEnvironment(environment, {});
    expect(sorted(documented.map(([name]) => name))).toEqual(sorted(Object.keys(declared.values)));
    const values = Object.fromEntries(documented.map(([name, value]) => [name, value.replaceAll('`', '')]));
    expect(parseEnvironment(environment, values)).toEqual(declared);
  });
});

const errorSections = [
  ['docs/api.md', '## Errors'],
  ['docs/fr/api.md', '## Erreurs'],
] as const;

describe.each(errorSections)('%s, in its section %s', (document, heading) => {
  const section = readFromRepository(document).split(heading)[1] ?? '';

  it('explains every error code with its status, and no other', () => {
    const documented = [...section.matchAll(/`([A-Z_]+)`\s\((\d+)\)/g)].map(([, code, status]) => [
      code,
      Number(status),
    ]);
    const declared = Object.entries(errorCatalogue).map(([code, { status }]) => [code, status]);
    expect(documented.sort()).toEqual(declared.sort());
  });

  it('lists the error codes that the code answers, and no other', () => {
    const files = globSync('{apps,packages}/*/src/**/*.ts', { cwd: repository });
    const answered = files.flatMap((file) => [...readFromRepository(file).matchAll(/new ApiError\('([A-Z_]+)'/g)]);
    expect(
      items(section)
        .map(([code]) => code)
        .sort(),
    ).toEqual(sorted(answered.map(([, code]) => String(code))));
  });
});

describe('the documents', () => {
  it.each(documents)('%s names only files, links and sections that exist', (document) => {
    const links = sectionsOf(document)
      .flatMap((section) => section.links)
      .filter((link) => !/^[a-z]+:/.test(link));
    const files = [...readFromRepository(document).matchAll(/`((?:apps|packages|tooling|docs|\.ci)\/[\w./-]+)`/g)].map(
      ([, file]) => String(file),
    );
    const missing = [...links, ...files].filter((link) => {
      const [file = '', anchor] = link.split('#');
      if (!existsSync(path.join(repository, file))) return true;
      return anchor !== undefined && !sectionsOf(file).some((section) => section.anchor === anchor);
    });
    expect(missing).toEqual([]);
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
