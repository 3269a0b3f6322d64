import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cached } from './cache.js';
import { run } from './run.js';

/**
 * Makes a virtual environment of these requirements, once for each version of the file.
 *
 * @param requirements a file with exact versions
 * @returns its Python, which finds what is installed
 * @throws {Error} when python3 or its venv module is missing.
 */
export async function installPython(name: string, requirements: string): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = await cached(`${name}-${hash}`, async (partial) => {
    await run('python3', ['-m', 'venv', '--copies', partial]).catch((cause: unknown) => {
      throw new Error('python3 with its venv module is needed (Debian: python3-venv)', { cause });
    });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', path.resolve(requirements)];
    await run(path.join(partial, 'bin/python'), pip);
  });
  return path.join(folder, 'bin/python');
}
