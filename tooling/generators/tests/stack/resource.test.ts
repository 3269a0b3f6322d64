// `npm run new -- resource <name>` in a copy of the repository: what it writes passes the checks and its own tests.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Copy, createCopy } from '../copy.js';

let copy: Copy;
beforeAll(() => {
  copy = createCopy();
});
afterAll(() => copy[Symbol.dispose]());

describe('what is no name of a resource writes nothing', () => {
  it.each([
    ['products', 'packages/api-contract/src/products exists'],
    ['Suppliers', 'plural: expected a name like "purchase-orders" or "suppliers", received "Suppliers"'],
    ['suppliers Supplier', 'singular: expected a name like'],
    ['news news', 'The singular of news has to be another word'],
  ])('%s', (names, complaint) => {
    expect(copy.fail(`npm run new -- resource ${names}`)).toContain(complaint);
    expect(copy.run('git status --short')).toBe('');
  });

  it('where a table was changed by hand, whose file is named with the lines to add', () => {
    const file = 'packages/api-contract/src/tags.ts';
    copy.run(`sed -i 's/^  diagnostics:/  "diagnostics":/' ${file}`);
    expect(copy.fail('npm run new -- resource suppliers')).toMatch(
      /Nothing is written.*\n.*tags\.ts has no .*\n *suppliers: 'Suppliers'/,
    );
    expect(copy.run('git status --short')).toBe(` M ${file}\n`);
    copy.reset();
  });
});

it('a resource passes the checks and its tests as it is generated, and leaves what the contract says', () => {
  copy.run('npm run new -- resource purchase-orders && npm run new -- resource categories');
  const changes = copy.run('git add -AN && git diff --shortstat');
  copy.run('npm run check && npm run build');
  const tests = [
    'purchase-orders',
    'categories',
    'openapi.test',
    'parity',
    'telemetry-contract',
    'adopted-table',
    'least-privilege',
    'documentation',
  ];
  const ran = copy.run(
    `cd apps/backend && npx --yes pnpm vitest run ${tests.map((name) => `tests/${name}`).join(' ')}`,
  );
  copy.run('cd packages/db && npx --yes pnpm vitest run tests/schema tests/roles');
  // Calls every route and procedure, and compares what each leaves behind with the corpus.
  const stories = copy.run('npm run verify:telemetry');
  const one = /✓ POST \/purchase-orders → 201.*?(?=\n\n)/s.exec(stories)?.[0];
  expect(one).toContain('INFO    Ligne 1 de « purchase_orders » créée');
  expect(one).toContain('database_queries_total{operation="INSERT",table="purchase_orders"}');
  expect(stories).toMatch(/(\d+) of \1 requests tell one story\n/);
  const reference = copy.read('docs/telemetry-reference.md');
  for (const name of ['db_insert_purchase_order', 'purchase_order.id', 'category_id', '`categories`']) {
    expect(reference).toContain(name);
  }
  process.stdout.write(
    `two resources:${changes}${one}\nin the copy: ${/(\d+) passed.*\n.*Start/.exec(ran)?.[1]} tests passed\n`,
  );
}, 600_000);
