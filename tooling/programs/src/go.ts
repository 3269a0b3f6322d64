import path from 'node:path';
import { cached } from './cache.js';
import { run } from './run.js';

/** The oldest Go whose `go get -tool` and language these programs need. */
const GO_MIN = [1, 26] as const;

const WHERE = 'from https://go.dev/dl (Debian 12’s is too old), and on the PATH';

/** A program of a Go module, at a version. */
interface GoProgram {
  readonly package: string;
  readonly version: string;
}

/**
 * Builds Go programs, once for each version; the checksum database vouches for their sources.
 *
 * @returns the folder that holds them, by the last part of their packages
 * @throws {Error} when Go is missing or too old; it says where one gets it.
 */
export async function buildGo(name: string, programs: readonly GoProgram[]): Promise<string> {
  return cached(`${name}-${programs[0]?.version}`, async (folder) => {
    await assertGo();
    const build = { cwd: folder, env: { GOFLAGS: '-mod=mod -trimpath -buildvcs=false' } };
    await run('go', ['mod', 'init', 'programs'], build);
    await run('go', ['get', '-tool', ...programs.map((each) => `${each.package}@${each.version}`)], build);
    for (const each of programs) {
      const output = path.join(folder, path.basename(each.package.replace(/\/v\d+$/, '')));
      await run('go', ['build', '-ldflags=-s -w', '-o', output, each.package], build);
    }
  });
}

async function assertGo(): Promise<void> {
  const printed = await run('go', ['version']).catch((cause: unknown) => {
    throw new Error(`Go ${GO_MIN.join('.')} or newer is needed: ${WHERE}`, { cause });
  });
  const [, major = 0, minor = 0] = (/go(\d+)\.(\d+)/.exec(printed) ?? []).map(Number);
  if (major > GO_MIN[0] || (major === GO_MIN[0] && minor >= GO_MIN[1])) return;
  throw new Error(`Go ${GO_MIN.join('.')} or newer is needed: ${WHERE}; found: ${printed.trim()}`);
}
