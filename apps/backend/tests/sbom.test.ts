import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readFromRepository } from './documents.js';
import { makeSboms, purlOf, readSbom } from './sboms.js';

// The SBOMs of a release list what the lockfile says: no more, no less.

const folder = mkdtempSync(path.join(tmpdir(), 'products-sbom-'));
const lockfile: Lockfile = parse(readFromRepository('pnpm-lock.yaml'));

interface Lockfile {
  readonly importers: Readonly<Record<string, { dependencies?: Readonly<Record<string, { version: string }>> }>>;
  readonly packages: Readonly<Record<string, { resolution: { integrity: string } }>>;
  /** By name, version and, in parentheses, what their peers are. */
  readonly snapshots: Readonly<Record<string, { dependencies?: Readonly<Record<string, string>> }>>;
}

const manifestOf = (place: string) => JSON.parse(readFromRepository(`${place}/package.json`));

/** What a package of the workspace installs in production, each with its SHA-512, but for those of the workspace. */
function installed(place: string): ReadonlyMap<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  const visited = new Set<string>();
  const visit = (alias: string, version: string) => {
    // One that is installed by another name has its own before its version.
    const key = version in lockfile.snapshots ? version : `${alias}@${version}`;
    if (visited.has(key)) return;
    visited.add(key);
    const [resolved = '', name = '', exact = ''] = /^(@?[^@]+)@([^(]+)/.exec(key) ?? [];
    const integrity = lockfile.packages[resolved]?.resolution.integrity.replace('sha512-', '') ?? '';
    found.set(purlOf(name, exact), Buffer.from(integrity, 'base64').toString('hex'));
    for (const each of Object.entries(lockfile.snapshots[key]?.dependencies ?? {})) visit(...each);
  };
  const visitOwn = (own: string) => {
    for (const [name, { version }] of Object.entries(lockfile.importers[own]?.dependencies ?? {})) {
      if (!version.startsWith('link:')) {
        visit(name, version);
        continue;
      }
      const linked = path.join(own, version.replace('link:', ''));
      found.set(purlOf(name, manifestOf(linked).version), undefined);
      visitOwn(linked);
    }
  };
  visitOwn(place);
  return found;
}

/** Their manifests are older than SPDX's names: `licenses`, or nothing. */
const unnamedLicences = ['bufrw', 'error', 'hexer', 'process', 'string-template', 'thriftrw'];

beforeAll(() => makeSboms(folder), 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe.each([
  ['apps/backend', 'backend.cdx.json', 'application', unnamedLicences],
  ['packages/api-contract', 'packages/api-contract.cdx.json', 'library', []],
  ['packages/client', 'packages/client.cdx.json', 'library', []],
] as const)('the SBOM of %s', (place, file, type, unnamed) => {
  const read = () => readSbom(folder, file);

  it('is CycloneDX 1.6, of that package at its version', () => {
    const { name, version } = manifestOf(place);
    expect(read()).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      metadata: { component: { purl: purlOf(name, version), type } },
    });
  });

  it('lists the packages that the lockfile installs in production, at their versions, with their SHA-512', () => {
    const listed = read().components.map(({ purl, externalReferences = [] }) => [
      purl,
      externalReferences.flatMap(({ hashes = [] }) => hashes).find(({ alg }) => alg === 'SHA-512')?.content,
    ]);
    expect(listed.sort()).toEqual([...installed(place)].sort());
  });

  it('names their licences', () => {
    const without = read().components.filter(({ licenses = [] }) => licenses.length === 0);
    expect(without.map(({ purl }) => purl.replace(/^pkg:npm\/(.*)@.*$/, '$1')).sort()).toEqual(unnamed);
  });
});

it('the service is made of hundreds of packages, the client of none but its peers', () => {
  expect(installed('apps/backend').size).toBeGreaterThan(200);
  expect([...installed('packages/client').keys()]).toEqual([]);
});
