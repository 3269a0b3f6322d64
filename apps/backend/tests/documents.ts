import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readSections, type Section } from './markdown.js';

const repository = path.resolve(import.meta.dirname, '../../..');
const pagesOf = (folder: string) =>
  readdirSync(path.join(repository, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);

/** English documents with a French one, by their paths in the repository. */
export const translations: ReadonlyMap<string, string> = new Map([
  ['README.md', 'README.fr.md'],
  ...pagesOf('docs/fr').map((french): [string, string] => [french.replace('/fr/', '/'), french]),
]);

/** The pages at the root and those of docs/, by their paths in the repository. */
export const documents: readonly string[] = [
  'README.md',
  'README.fr.md',
  'CONTRIBUTING.md',
  'AGENTS.md',
  ...pagesOf('docs'),
  ...pagesOf('docs/fr'),
];

/** The text of a file of the repository. */
export function readFromRepository(file: string): string {
  return readFileSync(path.join(repository, file), 'utf8');
}

export function sectionsOf(document: string): Section[] {
  return readSections(document, readFromRepository(document));
}
