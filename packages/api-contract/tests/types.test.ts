import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const packageFolder = path.resolve(import.meta.dirname, '..');
const compiler = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

const scratch = mkdtempSync(path.join(tmpdir(), 'products-types-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A frontend's folder: its own sources and compiler options, and node_modules with what it would install. */
function createConsumer(contract: string): string {
  const folder = mkdtempSync(path.join(scratch, 'consumer-'));
  cpSync(path.join(import.meta.dirname, 'consumer'), path.join(folder, 'src'), { recursive: true });
  mkdirSync(path.join(folder, 'node_modules/@products'), { recursive: true });
  mkdirSync(path.join(folder, 'node_modules/@trpc'));
  symlinkSync(contract, path.join(folder, 'node_modules/@products/api-contract'));
  for (const name of ['@trpc/client', '@trpc/server', 'zod', 'typescript']) {
    symlinkSync(realpathSync(path.join(packageFolder, 'node_modules', name)), path.join(folder, 'node_modules', name));
  }
  writeFileSync(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        target: 'es2022',
        lib: ['es2022', 'esnext.disposable', 'dom'],
        module: 'preserve',
        moduleResolution: 'bundler',
        types: [],
      },
      files: ['src/client.ts'],
    }),
  );
  return folder;
}

/** What a frontend outside this workspace installs, unpacked as npm would. */
function unpackTarball(): string {
  const folder = mkdtempSync(path.join(scratch, 'tarball-'));
  // Not built again: its `dist` is emptied meanwhile, under the services of other tests.
  const withoutBuild = '--config.ignore-scripts=true';
  execFileSync('pnpm', ['pack', withoutBuild, '--pack-destination', folder], { cwd: packageFolder, stdio: 'pipe' });
  const [tarball] = readdirSync(folder);
  execFileSync('tar', ['-xzf', path.join(folder, String(tarball)), '-C', folder]);
  // Its dependencies, next to it.
  symlinkSync(path.join(packageFolder, 'node_modules'), path.join(folder, 'node_modules'));
  return path.join(folder, 'package');
}

/** Compiles the files of a project. Resolves with the complaints and the files that were read for it. */
async function compile(project: string): Promise<{ complaints: string[]; files: string[] }> {
  const { stdout } = await promisify(execFile)(process.execPath, [compiler, '-p', project, '--listFiles']).catch(
    (failed: { stdout: string }) => failed,
  );
  const lines = stdout.trim().split('\n');
  return { complaints: lines.filter((line) => !path.isAbsolute(line)), files: lines.filter(path.isAbsolute) };
}

describe.concurrent.each([
  ['in the workspace', () => packageFolder],
  ['from the packed tarball', unpackTarball],
])('a client that imports AppRouter %s', (_, locateContract) => {
  let consumer: string;
  beforeAll(() => {
    consumer = createConsumer(locateContract());
  });

  it('infers inputs, outputs and the error shape, with nothing of the server side in its program', async () => {
    const { complaints, files } = await compile(consumer);
    expect(complaints).toEqual([]);
    expect(files.some((file) => file.includes('api-contract') || file.includes('package/dist'))).toBe(true);
    const packages = files.flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
    // The compiler brings the standard library's types.
    const others = packages.filter((name) => !name.startsWith('@typescript/') && name !== 'typescript');
    expect([...new Set(others)].sort()).toEqual(['@trpc/client', '@trpc/server', 'zod']);
  });

  it('cannot import a value through the entry of types, neither when compiled nor when run', async () => {
    const project = { extends: './tsconfig.json', files: ['src/value-import.ts'] };
    writeFileSync(path.join(consumer, 'tsconfig.value-import.json'), JSON.stringify(project));
    const { complaints } = await compile(path.join(consumer, 'tsconfig.value-import.json'));
    expect(complaints.join('\n')).toMatch(/error TS.*'createAppRouter'/);

    const program =
      "import('@products/api-contract').catch((error) => process.exit(error.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED' ? 3 : 4))";
    expect(spawnSync(process.execPath, ['-e', program], { cwd: consumer }).status).toBe(3);
  });
});

it('the tarball has declarations and a README, no program, and @trpc/server as a peer', () => {
  const folder = unpackTarball();
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = files.map(({ name }) => name);
  expect(names.filter((name) => !name.endsWith('.d.ts')).sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
  expect(names).not.toContain('server.d.ts');
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  expect(Object.keys(manifest.peerDependencies)).toEqual(['@trpc/server']);
  expect(Object.keys(manifest.exports)).toEqual(['.']);
  // What an editor shows at "go to definition": names with their documentation, not the fields spelled out.
  const router = readFileSync(path.join(folder, 'dist/router.d.ts'), 'utf8');
  for (const name of ['Product', 'NewProduct', 'ProductPage', 'ProductId', 'ProductList', 'SlowResult', 'Health']) {
    expect(router).toMatch(new RegExp(`(?:input|output): .*\\b${name}\\b`));
  }
  expect(router).not.toContain('price: number');
});
