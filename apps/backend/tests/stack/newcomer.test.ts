import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { findFreePort } from '@products/db/testing';
import { type JaegerAgent, startJaegerAgent } from '@products/jaeger';
import { matchLine } from '@products/telemetry/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// The README's promise: on a clean checkout, one command brings everything up.

const repository = path.resolve(import.meta.dirname, '../../../..');
let checkout: string;
let port: number;
let agent: JaegerAgent;

beforeAll(async () => {
  checkout = path.join(mkdtempSync(path.join(tmpdir(), 'products-newcomer-')), 'products');
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: repository, encoding: 'utf8' });
  for (const file of files.trim().split('\n')) cpSync(path.join(repository, file), path.join(checkout, file));
  port = await findFreePort();
  agent = await startJaegerAgent();
});
afterAll(async () => {
  await agent.stop();
  rmSync(path.dirname(checkout), { recursive: true, force: true });
});

const NPM = ['npm', 'start'];
const PNPM = ['npx', '--yes', 'pnpm', 'start'];

interface Start {
  readonly command: ChildProcess;
  readonly stdout: string[];
  readonly stderr: string[];
  readonly url: string;
}

/** The command in its own process group, as a terminal starts it. */
async function start([program, ...args]: readonly string[]): Promise<Start> {
  const command = spawn(String(program), args, {
    cwd: checkout,
    detached: true,
    env: {
      ...newcomersEnvironment(),
      PORT: String(port),
      JAEGER_AGENT_HOST: '127.0.0.1',
      JAEGER_AGENT_PORT: String(agent.port),
      SLOW_ENDPOINT_DELAY: '0.1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stdout: string[] = [];
  const stderr: string[] = [];
  const started = Promise.withResolvers<void>();
  createInterface(command.stdout).on('line', (line) => {
    stdout.push(line);
    if (line.includes('"Service démarré"')) started.resolve();
  });
  createInterface(command.stderr).on('line', (line) => stderr.push(line));
  command.once('exit', (code) =>
    started.reject(new Error(`the start ended with ${code}:\n${[...stdout, ...stderr].join('\n')}`)),
  );
  await started.promise;
  return { command, stdout, stderr, url: `http://127.0.0.1:${port}` };
}

/** A shell's environment on a machine where no tool has run before. */
function newcomersEnvironment(): NodeJS.ProcessEnv {
  // biome-ignore lint/style/noProcessEnv: the environment of a newcomer's shell.
  return { ...outsideOf(process.env), XDG_CONFIG_HOME: path.join(path.dirname(checkout), 'config') };
}

/** The environment without what this test run's own pnpm, turbo and vitest have put there. */
function outsideOf(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) =>
      !/^(npm_(?!config_)|npm_config_(user_agent|loglevel|.*prefix)|pnpm_|PNPM_|TURBO_|VITEST|NODE_ENV|INIT_CWD)/.test(
        name,
      ),
  );
  const isOurs = (folder: string) => folder.startsWith(repository) || folder.includes('node_modules');
  const searched = (environment['PATH'] ?? '').split(':').filter((folder) => !isOurs(folder));
  return { ...Object.fromEntries(kept), PATH: searched.join(':') };
}

/** Runs a command in the checkout to its end. */
function run([program, ...args]: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  return spawnSync(String(program), args, {
    cwd: checkout,
    encoding: 'utf8',
    env: { ...newcomersEnvironment(), ...environment },
  });
}

/** Every process that works in the checkout or was started from it. */
function processesOfCheckout(): string[] {
  return execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => {
      const pid = /^\s*(\d+)/.exec(line)?.[1];
      if (pid === undefined) return false;
      try {
        return execFileSync('readlink', [`/proc/${pid}/cwd`], { encoding: 'utf8' }).startsWith(checkout);
      } catch {
        return false;
      }
    });
}

/** Until it has ended as the shell sees it, and nothing of it is left. */
async function end({ command, stdout }: Start): Promise<void> {
  const [code] = await once(command, 'exit');
  expect(code).toBe(0);
  expect(JSON.parse(stdout.at(-1) ?? '')).toMatchObject({ message: 'Service arrêté' });
  expect(processesOfCheckout()).toEqual([]);
}

async function stopLikeCtrlC(started: Start): Promise<void> {
  const ended = end(started);
  if (started.command.pid === undefined) throw new Error('the command did not start');
  process.kill(-started.command.pid, 'SIGINT');
  await ended;
}

describe('the start', () => {
  let stdoutOfFirst: readonly string[];

  it('installs, builds, starts a database, migrates, seeds, serves, and stops at Ctrl-C with nothing left', async () => {
    const first = await start(NPM);
    const products = (await (await fetch(`${first.url}/products`)).json()) as unknown[];
    expect(products).toHaveLength(10);
    const created = await fetch(`${first.url}/products`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: 'iPad Pro', price: 1199.0, category: 'Tablettes' }),
    });
    expect(await created.json()).toMatchObject({ id: 11, name: 'iPad Pro', price: 1199 });
    for (const [route, status] of [
      ['/products/1', 200],
      ['/slow', 200],
      ['/error', 500],
      ['/health', 200],
      ['/metrics', 200],
    ] as const) {
      expect((await fetch(`${first.url}${route}`)).status, route).toBe(status);
    }
    await stopLikeCtrlC(first);
    stdoutOfFirst = first.stdout;

    // JSON lines and nothing else, the installation's output included.
    for (const line of first.stdout) matchLine(JSON.parse(line));
    expect(first.stdout.join()).not.toContain(
      readFileSync(path.join(checkout, '.postgres/pgpass'), 'utf8').trim().split(':')[4],
    );
    expect(first.stderr.join('\n')).toMatch(/Tasks: +\d+ successful/);
    expect(first.stderr.filter((line) => /warn|notice|attention|deprecat|unsupported|approv/i.test(line))).toEqual([]);
  });

  it('has the HTTP span, the SQL span and the lines of a request in one trace', () => {
    const spans = agent.spans();
    const query = spans.find(({ operationName }) => operationName === 'db_query_products');
    const server = spans.find(({ spanId }) => spanId === query?.parentSpanId);
    expect(server).toMatchObject({ traceId: query?.traceId, operationName: 'GET /products' });
    expect(stdoutOfFirst.map((line) => JSON.parse(line)).filter((line) => line.trace_id === query?.traceId)).toEqual([
      expect.objectContaining({ message: 'Requête reçue: GET /products', span_id: server?.spanId }),
      expect.objectContaining({ message: 'Récupération de tous les produits', span_id: server?.spanId }),
      expect.objectContaining({ message: '10 produits récupérés', span_id: query?.spanId }),
      expect.objectContaining({ message: 'Requête complétée: GET /products', span_id: server?.spanId }),
    ]);
  });

  it('the second time, with pnpm, keeps the rows that were posted', async () => {
    const second = await start(PNPM);
    expect(await (await fetch(`${second.url}/products/11`)).json()).toMatchObject({ name: 'iPad Pro' });
    await stopLikeCtrlC(second);
  });

  it.each([[NPM], [PNPM]])('stops in order when the first process of %j is sent SIGTERM', async (command) => {
    const started = await start(command);
    const ended = end(started);
    started.command.kill('SIGTERM');
    await ended;
  });

  it('recovers from a kill of the service, rows and all, without an orphaned database', async () => {
    const killed = await start(NPM);
    const pid = /"pid":(\d+)/.exec(readFileSync(path.join(checkout, '.postgres/lock.json'), 'utf8'))?.[1];
    process.kill(Number(pid), 'SIGKILL');
    await once(killed.command, 'exit');
    const next = await start(NPM);
    expect(await (await fetch(`${next.url}/products/11`)).json()).toMatchObject({ name: 'iPad Pro' });
    await stopLikeCtrlC(next);
  });

  it.each([[NPM], [PNPM]])('fails when the service does, and says why: %j', (command) => {
    const { status, stdout } = run(command, { PORT: 'nowhere' });
    expect(status).toBe(1);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).message),
    ).toEqual([expect.stringContaining('PORT="nowhere"')]);
  });

  it('fails when pnpm cannot be fetched, and says why', () => {
    const { status, stdout, stderr } = run(NPM, {
      npm_config_cache: path.join(path.dirname(checkout), 'empty-cache'),
      npm_config_registry: 'http://127.0.0.1:9',
      npm_config_fetch_retries: '0',
    });
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('ECONNREFUSED');
  });
});

describe('npm test', () => {
  it('fails with a test, which meets the way to the registry that the shell knows', () => {
    const way = {
      HTTPS_PROXY: 'http://proxy.test:1',
      NODE_EXTRA_CA_CERTS: '/re-signing-proxy.pem',
      SSL_CERT_FILE: '/re-signing-proxy.pem',
      npm_config_cafile: '/re-signing-proxy.pem',
    };
    const folder = path.join(checkout, 'packages/environment');
    writeFileSync(
      path.join(folder, 'tests/way.test.ts'),
      `import { expect, it } from 'vitest';
       it('fails', () => expect(process.env).not.toMatchObject(${JSON.stringify(way)}));`,
    );
    // Nothing is fetched here: the proxy and its certificate need not exist.
    const { status, stdout } = run(['npm', 'test', '--', '--filter=@products/environment'], way);
    expect(stdout).toContain('1 failed');
    expect(status).toBe(1);
  });
});

describe('npm run verify:telemetry', () => {
  it('proves that what each request leaves behind tells one story', () => {
    expect(run(['npm', 'run', 'verify:telemetry']).stdout).toMatch(/\n(\d+) of \1 requests tell one story\n$/);
  });
});

describe('npm run db:init', () => {
  it('finds the embedded database initialised and changes nothing', () => {
    expect(run(['npm', 'run', 'db:init']).stdout).toContain('rien n’a été ajouté, la table a des produits');
  });
});
