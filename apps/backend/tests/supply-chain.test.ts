import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

// What comes from outside is what was looked at.

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
    expect(actions.filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
    expect(workflow).toMatch(/^permissions:\n {2}contents: read\n\n/m);
    expect(workflow).not.toContain('pull_request_target');
  });
});

it('there is a security policy, and the README leads to it', () => {
  expect(read('SECURITY.md')).toContain('Report a vulnerability');
  expect(read('README.md')).toContain('(SECURITY.md)');
});
