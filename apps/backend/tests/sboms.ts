import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { readFromRepository } from './documents.js';

// The SBOMs of a release, made by the commands of its workflow.

const repository = path.resolve(import.meta.dirname, '../../..');

interface Sbom {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly metadata: { readonly component: { readonly purl: string; readonly type: string } };
  readonly components: readonly {
    readonly purl: string;
    readonly licenses?: readonly unknown[];
    readonly externalReferences?: readonly { readonly hashes?: readonly { alg: string; content: string }[] }[];
  }[];
}

/** Fills a folder with `backend.cdx.json`, and `packages` in it with those of what frontends install. */
export function makeSboms(folder: string): void {
  const { jobs } = parse(readFromRepository('.github/workflows/release.yml'));
  const steps = [...jobs.image.steps, ...jobs.packages.steps].map(({ run = '' }: { run?: string }) => run);
  const commands = steps.filter((step) => step.includes('npm run sbom')).join('\n');
  // biome-ignore lint/style/noProcessEnv: npm and pnpm find their settings there.
  const env = { ...process.env, RUNNER_TEMP: folder };
  const { status, stderr } = spawnSync('bash', ['-euc', commands], { cwd: repository, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

export function readSbom(folder: string, file: string): Sbom {
  return JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
}

/** A package's name in an SBOM (https://github.com/package-url/purl-spec). */
export function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}
