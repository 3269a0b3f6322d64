// A separate checkout of the service, for its embedded database belongs to the folder.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const repository = path.resolve(import.meta.dirname, '../../..');

export interface Checkout {
  /** Where the service is started. */
  readonly backendFolder: string;
  /** Process id of its PostgreSQL server, which has to run. */
  serverPid(): number;
  remove(): void;
}

/** Copies the built files and links the installed packages. */
export function createCheckout(): Checkout {
  const checkout = mkdtempSync(path.join(tmpdir(), 'products-checkout-'));
  writeFileSync(path.join(checkout, 'pnpm-workspace.yaml'), '');
  for (const folder of ['apps/backend', 'packages/db']) {
    mkdirSync(path.join(checkout, folder, 'node_modules'), { recursive: true });
    for (const part of ['dist', 'migrations', 'package.json']) {
      const source = path.join(repository, folder, part);
      if (existsSync(source)) cpSync(source, path.join(checkout, folder, part), { recursive: true });
    }
    for (const scope of readdirSync(path.join(repository, folder, 'node_modules'))) {
      if (!scope.startsWith('.')) link(path.join(folder, 'node_modules', scope));
    }
  }
  return {
    backendFolder: path.join(checkout, 'apps/backend'),
    serverPid: () =>
      Number(readFileSync(path.join(checkout, '.postgres/data/postmaster.pid'), 'utf8').split('\n', 1)[0]),
    remove: () => rmSync(checkout, { recursive: true }),
  };

  /** Links the installed packages; the database package is linked to its copy. */
  function link(installed: string): void {
    const isOurs = installed === 'apps/backend/node_modules/@products';
    if (!isOurs) {
      symlinkSync(path.join(repository, installed), path.join(checkout, installed));
      return;
    }
    mkdirSync(path.join(checkout, installed));
    for (const name of readdirSync(path.join(repository, installed))) {
      const root = name === 'db' ? checkout : repository;
      const target = name === 'db' ? path.join(root, 'packages/db') : path.join(root, installed, name);
      symlinkSync(target, path.join(checkout, installed, name));
    }
  }
}
