import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** What to ask, how often, and by how many at once. */
export interface Load {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly body?: string;
  /** Whether each request has a connection of its own. */
  readonly closes?: true;
  readonly connections: number;
  readonly requests: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Cores of the machine that were busy meanwhile, with whatever. */
  readonly busyCores: number;
}

/**
 * Drives a server from another process.
 *
 * @throws {Error} when anything but success was answered
 */
export async function drive(load: Load): Promise<LoadResult> {
  const generator = fork(path.join(import.meta.dirname, 'load-generator.js'), { stdio: 'inherit' });
  generator.send(load);
  const [result] = await Promise.race([
    once(generator, 'message'),
    once(generator, 'exit').then(() => {
      throw new Error('the load generator has ended without a result');
    }),
  ]);
  await once(generator, 'exit');
  const { failures, ...rest } = result as LoadResult & { readonly failures: string };
  if (failures !== '') throw new Error(`${load.method} ${load.url}: ${failures}`);
  return rest;
}
