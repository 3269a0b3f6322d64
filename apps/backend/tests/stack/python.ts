// Python programs from a requirements file, installed once into a cache outside the checkout.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const { XDG_CACHE_HOME = path.join(homedir(), '.cache') } =
  // biome-ignore lint/style/noProcessEnv: where caches are is up to the machine.
  process.env;

/**
 * The folder with the programs of a virtual environment that has these requirements. Made once for each version of the file.
 *
 * @throws {Error} when there is no python3, or its venv module is missing.
 */
export function installPython(requirements: string): string {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16);
  const folder = path.join(XDG_CACHE_HOME, 'products-stack', `python-${hash}`);
  if (existsSync(folder)) return path.join(folder, 'bin');
  const partial = `${folder}.${process.pid}`;
  mkdirSync(path.dirname(folder), { recursive: true });
  try {
    execFileSync('python3', ['-m', 'venv', '--copies', partial], { stdio: 'pipe' });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
    execFileSync(path.join(partial, 'bin/python'), pip, { stdio: 'pipe' });
  } catch (cause) {
    rmSync(partial, { recursive: true, force: true });
    throw new Error('python3 with its venv module is needed (Debian: python3-venv), and a package index', { cause });
  }
  renameSync(partial, folder);
  return path.join(folder, 'bin');
}
