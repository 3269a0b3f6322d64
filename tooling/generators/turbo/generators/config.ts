// `pnpm new resource suppliers`: writes the files of a resource, and adds it to the tables that list all of them.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { PlopTypes } from '@turbo/gen';
import { type Insertion, insertions } from './insertions.js';
import { type Names, nameResource } from './names.js';

export default function configure(plop: PlopTypes.NodePlopAPI): void {
  plop.setGenerator('resource', {
    description: 'A table with its routes, procedures, telemetry and tests',
    prompts: [
      { type: 'input', name: 'plural', message: 'Its name, in the plural (purchase-orders):' },
      { type: 'input', name: 'singular', message: 'One of them (nothing: the plural without its s):' },
    ],
    actions: (answers = {}) => {
      const root = String(answers['turbo'].paths.root);
      const names = nameResource(String(answers['plural']), String(answers['singular'] ?? ''), root);
      const added = insertions(names);
      assertPlaces(root, added);
      const run = (program: string, ...parameters: string[]) => {
        execFileSync(program, parameters, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
        return `${program} ${parameters.join(' ')}`;
      };
      return [
        {
          type: 'addMany',
          destination: root,
          base: path.join(root, 'tooling/generators/templates'),
          templateFiles: path.join(root, 'tooling/generators/templates/**/*.hbs'),
          globOptions: {},
          data: names,
          abortOnFail: true,
        },
        ...added.map((insertion) => () => insert(root, insertion)),
        () => run('pnpm', '--filter', '@products/db', 'db:generate', '--name', names.table),
        () => run('biome', 'check', '--write', ...new Set(added.map(({ file }) => file)), ...newFolders(names)),
        () => run('turbo', 'run', 'generate', '--output-logs=errors-only'),
        () => `Next: npm run check, npm test, and ${names.path} at /${names.path}`,
      ];
    },
  });
}

/** What has the files of a resource. */
function newFolders({ path: name }: Names): string[] {
  return [
    `packages/api-contract/src/${name}`,
    `packages/telemetry/src/contract/${name}.ts`,
    `apps/backend/src/services/${name}`,
    `apps/backend/tests/${name}.test.ts`,
    `tooling/acceptance/src/${name}.ts`,
    'packages/db/migrations',
  ];
}

/** @throws {Error} that names every file without a place for its lines: nothing is written by halves */
function assertPlaces(root: string, added: readonly Insertion[]): void {
  const missing = added.filter(({ file, before }) => !before.test(readFileSync(path.join(root, file), 'utf8')));
  if (missing.length === 0) return;
  const places = missing.map(({ file, before, text }) => `${file} has no ${before} to put in front of:\n${text}`);
  throw new Error(`Nothing is written: a table was changed by hand.\n${places.join('\n')}`);
}

/** Puts a text in front of the first place that the pattern matches. */
function insert(root: string, { file, before, text }: Insertion): string {
  const content = readFileSync(path.join(root, file), 'utf8');
  writeFileSync(
    path.join(root, file),
    content.replace(before, (found) => text + found),
  );
  return file;
}
