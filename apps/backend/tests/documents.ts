import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const repository = path.resolve(import.meta.dirname, '../../..');
const pages = readdirSync(path.join(repository, 'docs')).filter((name) => name.endsWith('.md'));

/** The pages at the root and those of docs/, by their paths in the repository. */
export const documents: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'AGENTS.md',
  ...pages.map((name) => `docs/${name}`),
];

/** The text of a file of the repository. */
export function readFromRepository(file: string): string {
  return readFileSync(path.join(repository, file), 'utf8');
}
