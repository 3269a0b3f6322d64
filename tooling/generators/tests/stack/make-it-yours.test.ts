// Every command of docs/make-it-yours.md, in a copy of the repository.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Copy, createCopy } from '../copy.js';

let copy: Copy;
/** The commands of each section, by its title. */
let sections: ReadonlyMap<string, readonly string[]>;
const tried = new Set<string>();
beforeAll(() => {
  copy = createCopy();
  const [, ...parts] = copy.read('docs/make-it-yours.md').split(/^## /m);
  sections = new Map(
    parts.map((part) => [
      part.slice(0, part.indexOf('\n')),
      [...part.matchAll(/^( *)```bash\n(.*?)^ *```$/gms)].map(([, indent = '', commands = '']) =>
        commands.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      ),
    ]),
  );
});
afterEach(() => copy.reset());
afterAll(() => {
  copy[Symbol.dispose]();
  expect([...tried].sort()).toEqual([...sections.keys()].sort());
});

/** Runs the commands of a section. Returns what they printed. */
function follow(title: string): string {
  tried.add(title);
  const commands = sections.get(title) ?? [];
  expect(commands, title).not.toEqual([]);
  return commands.map((command) => copy.run(command)).join('\n');
}

/** What the service says in its first seconds. */
const start = () => copy.run('timeout --signal=INT 15 env PORT=0 CONSOLE=off npm start || true');

it('a resource is added', () => {
  follow('Add a resource');
  expect(copy.run('git status --short')).toContain('?? packages/api-contract/src/purchase-orders/');
});

it('the samples are taken out: a new database is empty', () => {
  follow('Take the samples out');
  expect(copy.run('npm run db:init')).toContain('rien n’a été ajouté');
});

it('the texts are listed, and one is changed everywhere', () => {
  const listed = follow('Change the language of texts');
  for (const file of ['contract/logs.ts', 'api-contract/src/errors.ts', 'backend/src/services/refusals.ts']) {
    expect(listed).toContain(file);
  }
  expect(copy.read('docs/telemetry-reference.md')).toContain('Slow operation done');
});

it('without the preload, the service serves and says that nothing is traced', () => {
  follow('Remove a signal');
  const lines = start();
  expect(lines).toContain('Traces inactives : démarrez avec node --import');
  expect(lines).toContain('Service démarré');
});

it('without workers, the service serves, and the checks name what is left over', () => {
  follow('Remove workers');
  expect(start()).toContain('Service démarré');
  expect(copy.fail('npm run check')).toMatch(/Unused exports.*\nSERVER_STOP_STEPS_MAX_MS/);
});

it('the packages have another name, and pass the checks', () => {
  follow('Rename');
  expect(copy.read('apps/backend/package.json')).toContain('"@acme/backend"');
  expect(copy.fail("git grep -n '@products/'")).toBe('');
});
