// A copy of the repository as a clone has it, to change and to run.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';

const repository = path.resolve(import.meta.dirname, '../../..');

/** What this run's own pnpm, turbo and vitest have put into the environment. */
const OWN = /^(npm_(?!config_)|npm_config_(user_agent|loglevel|.*prefix)|pnpm_|PNPM_|TURBO_|VITEST|NODE_ENV|INIT_CWD)/;

export interface Copy extends Disposable {
  /** Runs a command of bash in its folder, which has to succeed. Returns what it printed. */
  run(command: string): string;
  /** Runs one that has to fail. Returns what it printed. */
  fail(command: string): string;
  read(file: string): string;
  /** Takes back what was changed. */
  reset(): void;
}

/** Copies what git has; the first `npm run` in the copy installs. */
export function createCopy(): Copy {
  const folder = mkdtempSync(path.join(tmpdir(), 'products-copy-'));
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: repository, encoding: 'utf8' });
  for (const file of files.trim().split('\n')) cpSync(path.join(repository, file), path.join(folder, file));
  const execute = (command: string) => {
    // biome-ignore lint/style/noProcessEnv: the environment of a shell in the copy.
    const { PATH = '', ...others } = process.env;
    const kept = Object.entries(others).filter(([name]) => !OWN.test(name));
    const searched = PATH.split(':').filter((part) => !part.includes('node_modules'));
    const env = { ...Object.fromEntries(kept), PATH: searched.join(':'), CI: 'true' };
    const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', command], {
      cwd: folder,
      encoding: 'utf8',
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1_024 * 1_024,
    });
    return { status, output: `${stdout}${stderr}` };
  };
  const run = (command: string) => {
    const { status, output } = execute(command);
    expect(status, `${command}\n${output}`).toBe(0);
    return output;
  };
  run('git init -q && git add -A && git -c user.name=copy -c user.email=copy@example.com commit -qm copy');
  return {
    run,
    fail: (command) => {
      const { status, output } = execute(command);
      expect(status, `${command}\n${output}`).not.toBe(0);
      return output;
    },
    reset: () => void run('git reset -q --hard && git clean -fdq'),
    read: (file) => readFileSync(path.join(folder, file), 'utf8'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
