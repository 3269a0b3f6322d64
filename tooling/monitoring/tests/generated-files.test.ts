import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { generatedFolders, renderFiles } from '../src/files.js';

const repository = path.resolve(import.meta.dirname, '../../..');
const files = renderFiles();

it.each([...files])('%s is what the code makes; if not, run pnpm generate', (name, content) => {
  expect(readFileSync(path.join(repository, name), 'utf8')).toBe(content);
});

it.each(generatedFolders)('%s holds nothing else; if it does, run pnpm generate', (folder) => {
  const present = readdirSync(path.join(repository, folder)).map((name) => `${folder}/${name}`);
  expect(present.filter((name) => !files.has(name))).toEqual([]);
});
