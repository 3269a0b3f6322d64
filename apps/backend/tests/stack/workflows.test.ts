import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildGo, run } from '@products/programs';
import { beforeAll, describe, expect, it } from 'vitest';

// The workflows as GitHub reads them: expressions, contexts, events, permissions, inputs of actions.

const workflows = path.resolve(import.meta.dirname, '../../../../.github/workflows');
let actionlint: string;

beforeAll(async () => {
  const program = { package: 'github.com/rhysd/actionlint/cmd/actionlint', version: 'v1.7.12' };
  actionlint = path.join(await buildGo('actionlint', [program]), 'actionlint');
}, 1_800_000);

/** Without the linters of scripts that a machine may have. */
const lint = (file: string) => run(actionlint, ['-shellcheck=', '-pyflakes=', '-no-color', file], { cwd: workflows });

describe('actionlint', () => {
  it.each(readdirSync(workflows))('has nothing against %s', async (file) => {
    expect(await lint(file)).toBe('');
  });

  it.each([
    ['id-token: write', 'id-tokens: write', 'unknown permission scope "id-tokens"'],
    ['steps.build.outputs', 'steps.built.outputs', 'property "built" is not defined'],
    ['needs: [image, packages]', 'needs: [image, client]', 'needs job "client" which does not exist'],
  ])('refuses a release with %s as %s', async (right, wrong, complaint) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'products-workflow-'));
    const file = path.join(folder, 'release.yml');
    writeFileSync(file, readFileSync(path.join(workflows, 'release.yml'), 'utf8').replace(right, wrong));
    await expect(lint(file)).rejects.toThrow(complaint);
    rmSync(folder, { recursive: true });
  });
});
