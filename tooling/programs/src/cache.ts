import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 500;
/** A maker that has not finished by then has been killed. */
const STALE_MS = 30 * 60_000;

// biome-ignore lint/style/noProcessEnv: where caches are is up to the machine (https://specifications.freedesktop.org/basedir-spec/latest/).
const { XDG_CACHE_HOME = path.join(homedir(), '.cache') } = process.env;

/** Outside of any checkout, so that a fresh one finds what another has made. */
const cacheFolder = path.join(XDG_CACHE_HOME, 'products-programs');

/**
 * The folder of this name in the cache; made when it is not there, by one process at a time.
 *
 * @param name with the versions of all that it holds
 * @param make fills an empty folder, which then gets its name
 * @throws what `make` throws; nothing stays of it.
 */
export async function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = path.join(cacheFolder, name);
  const partial = `${folder}.partial`;
  for (;;) {
    if (existsSync(folder)) return folder;
    mkdirSync(cacheFolder, { recursive: true });
    try {
      mkdirSync(partial);
      break;
    } catch {
      const age = Date.now() - (statSync(partial, { throwIfNoEntry: false })?.ctimeMs ?? Date.now());
      if (age > STALE_MS) rmSync(partial, { recursive: true, force: true });
      await sleep(POLL_MS);
    }
  }
  try {
    await make(partial);
    renameSync(partial, folder);
    return folder;
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
}
