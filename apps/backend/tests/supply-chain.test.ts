import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

// Every dependency is pinned to reviewed content.

const repository = path.resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(repository, file), 'utf8');
const lockfile = read('pnpm-lock.yaml');
const workspace = read('pnpm-workspace.yaml');

describe('the lockfile', () => {
  it('has a SHA-512 for every package, and nothing from a URL or a repository', () => {
    const resolutions = [...lockfile.matchAll(/^ {4}resolution: (.*)$/gm)].map(([, resolution]) => String(resolution));
    expect(resolutions.length).toBeGreaterThan(300);
    expect(resolutions.filter((resolution) => !/^\{integrity: sha512-[\w+/=]+\}$/.test(resolution))).toEqual([]);
    expect(lockfile).not.toMatch(/https?:\/\/|git\+|tarball:/);
  });

  it('pins in the catalog exact versions only', () => {
    const catalog = workspace.split('\ncatalog:\n')[1]?.split('\n\n')[0] ?? '';
    const versions = [...catalog.matchAll(/^ {2}"?[@\w/.-]+"?: (.*)$/gm)].map(([, version]) => String(version));
    expect(versions.length).toBeGreaterThan(30);
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });

  it('is guarded: install scripts by a list, no release of today, no exotic dependencies', () => {
    expect(workspace).toMatch(/^allowBuilds:\n( {2}\S+: (true|false)\n)+/m);
    expect(workspace).toMatch(/^minimumReleaseAge: [1-9]\d{3,}$/m);
    expect(workspace).toMatch(/^blockExoticSubdeps: true$/m);
  });
});

const version = /^ {2}node: (.*)$/m.exec(workspace)?.[1];

it('pnpm holds packages against the Node.js of the catalog', () => {
  expect(workspace).toContain(`\nnodeVersion: ${version}\n`);
});

describe('the image', () => {
  const dockerfile = read('Dockerfile');

  it('has the Node.js of the catalog, in every stage and in its label', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)|image\.base\.name="docker\.io\/library\/([^"]+)"/gm)];
    expect(bases.length).toBeGreaterThan(2);
    expect(
      bases.map(([, from, label]) => from ?? label).filter((base) => base !== `node:${version}-bookworm-slim`),
    ).toEqual([]);
  });

  it('is installed by the pnpm that package.json names, whose archive has a known SHA-512', () => {
    const [, version] = String(JSON.parse(read('package.json')).packageManager).split('@');
    const known = [...dockerfile.matchAll(/^# npm view @pnpm\/exe\.(\S+)@(\S+) dist\.integrity\nARG (\w+)=(\S+)$/gm)];
    expect(known.map(([, platform, ofVersion, argument]) => [platform, ofVersion, argument])).toEqual([
      ['linux-x64', version, 'PNPM_LINUX_X64'],
      ['linux-arm64', version, 'PNPM_LINUX_ARM64'],
    ]);
    for (const [, , , , integrity] of known) expect(integrity).toMatch(/^sha512-[\w+/]{86}==$/);
    expect(dockerfile).not.toMatch(/\b(npx --yes|corepack enable|npm install)/);
  });

  it('is not built with another archive of pnpm than the one that was published', () => {
    const [install = ''] = /(?<=^RUN )version=(?:.*\\\n)*.*/m.exec(dockerfile) ?? [];
    const known = Object.fromEntries(
      [...dockerfile.matchAll(/^ARG (PNPM_\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]),
    );
    const folder = mkdtempSync(path.join(tmpdir(), 'products-pnpm-'));
    writeFileSync(path.join(folder, 'package.json'), read('package.json'));
    writeFileSync(path.join(folder, 'archive.tgz'), 'forged');
    // In place of npm: it says where the archive is, from /tmp.
    writeFileSync(path.join(folder, 'npm'), `#!/bin/sh\necho '..${folder}/archive.tgz'\n`, { mode: 0o700 });
    const { status, stderr } = spawnSync('/bin/sh', ['-c', install], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: `${folder}:${path.dirname(process.execPath)}:/usr/bin:/bin`, ...known },
    });
    rmSync(folder, { recursive: true });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^@pnpm\/exe\.linux-\w+@\S+ has the integrity sha512-\S+, not sha512-\S+\n$/);
  });

  it('is installed from the lockfile and runs no install script, with no secret among what is built from', () => {
    const installs = [...dockerfile.matchAll(/pnpm install (.*)/g)].map(([, options]) => String(options));
    expect(installs.length).toBe(2);
    for (const options of installs) expect(options).toMatch(/^--frozen-lockfile --ignore-scripts /);
    const ignored = read('.dockerignore').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['*', '**/.env*', '**/.postgres', '**/node_modules']));
    expect(ignored.filter((line) => line.startsWith('!')).join()).not.toMatch(/deploy|\.git/);
  });
});

describe('the workflows', () => {
  const files = readdirSync(path.join(repository, '.github/workflows'));

  it.each(files)('%s runs actions by their commit, with a token that only reads', (file) => {
    const workflow = read(`.github/workflows/${file}`);
    const actions = [...workflow.matchAll(/uses: (\S+)/g)].map(([, action]) => String(action));
    expect(actions.length).toBeGreaterThan(0);
    expect(actions.filter((action) => !/^\.\/|@[0-9a-f]{40}$/.test(action))).toEqual([]);
    expect(workflow).toMatch(/^permissions:\n {2}contents: read\n\n/m);
    expect(workflow).not.toContain('pull_request_target');
  });

  it('a release is made of what the gate has passed, and each of its jobs may do only its part', () => {
    const { on, jobs } = parse(read('.github/workflows/release.yml'));
    expect(on).toEqual({ push: { tags: ['v[0-9]+.[0-9]+.[0-9]+'] } });
    const parts = Object.entries<{ needs?: unknown; permissions?: unknown }>(jobs);
    expect(Object.fromEntries(parts.map(([name, { needs, permissions }]) => [name, { needs, permissions }]))).toEqual({
      gate: {},
      version: {},
      image: {
        needs: ['gate', 'version'],
        permissions: { contents: 'read', packages: 'write', 'id-token': 'write' },
      },
      packages: { needs: ['gate', 'version'], permissions: { contents: 'read', 'id-token': 'write' } },
      release: { needs: ['image', 'packages'], permissions: { contents: 'write' } },
    });
    expect(read('.github/workflows/release.yml').match(/secrets\.\w+/g)).toEqual(['secrets.GITHUB_TOKEN']);
  });
});

describe('static analysis', () => {
  it('is CodeQL’s, of the code and of the workflows, for each pull request and once a week', () => {
    const workflow = parse(read('.github/workflows/codeql.yml'));
    expect(workflow.on).toMatchObject({ push: { branches: ['main'] }, schedule: [{ cron: expect.any(String) }] });
    expect(workflow.on).toHaveProperty('pull_request');
    const { permissions, strategy, steps } = workflow.jobs.analyze;
    expect(permissions).toEqual({ contents: 'read', 'security-events': 'write' });
    expect(strategy.matrix.language).toEqual(['javascript-typescript', 'actions']);
    const used = steps.map(({ uses }: { uses: string }) => uses.split('@')[0]);
    expect(used).toEqual(['actions/checkout', 'github/codeql-action/init', 'github/codeql-action/analyze']);
  });

  /** The linter's findings in a file, by this repository's rules. */
  function lint(name: string, text: string): string {
    const folder = mkdtempSync(path.join(tmpdir(), 'products-lint-'));
    const { rules } = JSON.parse(read('biome.json')).linter;
    writeFileSync(path.join(folder, 'biome.json'), JSON.stringify({ linter: { rules } }));
    writeFileSync(path.join(folder, name), text);
    const biome = path.join(repository, 'node_modules/.bin/biome');
    const options = ['lint', '--error-on-warnings', '--max-diagnostics=none', '--colors=off', name];
    const { status, stderr } = spawnSync(biome, options, { cwd: folder, encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    return status === 0 ? '' : stderr;
  }

  it('has nothing against a file that is well', () => {
    expect(lint('sample.ts', 'export const port = 5_000;\n')).toBe('');
  });

  it.each([
    ['noSecrets', 'sample.ts', "export const key = 'AKIA1234567890EXAMPLE';\n"],
    ['noSecrets', 'sample.ts', "export const url = 'postgresql://owner:password@db/products_db';\n"],
    ['noGlobalEval', 'sample.ts', 'export const run = (text: string) => eval(text);\n'],
    ['noImpliedEval', 'sample.ts', "setTimeout('run()', 10);\n"],
    ['noJsonUnsafeValues', 'sample.json', '{ "id": 1e400 }\n'],
    ['noScriptUrl', 'sample.html', '<a href="javascript:run()">run</a>\n'],
  ])('%s: the linter refuses %s with %s', (rule, name, text) => {
    expect(lint(name, text)).toContain(rule);
  });
});

it('there is a security policy, and the README leads to it', () => {
  expect(read('SECURITY.md')).toContain('Report a vulnerability');
  expect(read('README.md')).toContain('(SECURITY.md)');
});
