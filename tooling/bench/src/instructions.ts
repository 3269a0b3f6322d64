// pnpm bench --instructions: what a request costs in instructions, which no machine's load or speed changes (Linux, valgrind).
import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { BenchDatabase } from './database.js';
import { drive } from './load.js';
import { type ServerSurroundings, startServer } from './server-process.js';
import type { Target } from './targets.js';
import type { Work } from './work.js';

/** With fewer, V8's compilers are most of the result. They go on until 40,000, which would take an hour under valgrind. */
const WARM_UP_REQUESTS = 3_000;
const REQUESTS = 2_000;
const ATTEMPTS_MAX = 300;

const run = promisify(execFile);

/** Thousands of instructions of the process for one request of each work. */
export async function countInstructions(
  target: Target,
  works: readonly Work[],
  surroundings: ServerSurroundings,
  database: BenchDatabase,
): Promise<Record<string, number>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'products-instructions-'));
  const valgrind = [
    'valgrind',
    '--quiet',
    '--tool=callgrind',
    // V8 writes code while it runs (https://valgrind.org/docs/manual/manual-core.html#opt.smc-check).
    '--smc-check=all-non-file',
    `--callgrind-out-file=${path.join(folder, 'callgrind')}`,
  ];
  // V8 compiles and collects on the thread that is counted, when it has to and not when a core is free.
  const nodeArguments = ['--single-threaded', ...target.nodeArguments];
  const server = await startServer({ ...target, nodeArguments }, surroundings, valgrind);
  try {
    const counts: Record<string, number> = {};
    for (const { name, ask, connections, rows } of works) {
      await database.fill(rows);
      const load = { ...ask, url: `${server.url}${ask.path}`, connections };
      await drive({ ...load, requests: WARM_UP_REQUESTS });
      await takeCount(server.pid, folder);
      await drive({ ...load, requests: REQUESTS });
      counts[name] = (await takeCount(server.pid, folder)) / REQUESTS / 1_000;
    }
    return counts;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

/** The instructions since the last call. */
async function takeCount(pid: number, folder: string): Promise<number> {
  // valgrind names its pipe after USER and HOST, of which the server has this.
  await run('callgrind_control', ['--dump', String(pid)], { env: { HOST: '127.0.0.1' } });
  // The command is answered before the file is whole.
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const [file] = globSync('callgrind.*', { cwd: folder }).map((name) => path.join(folder, name));
    const total = file === undefined ? undefined : /^totals: (\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1];
    if (file !== undefined && total !== undefined) {
      rmSync(file);
      return Number(total);
    }
    await sleep(100);
  }
  throw new Error('valgrind has counted nothing');
}
