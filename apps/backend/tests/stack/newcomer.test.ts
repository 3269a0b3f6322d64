import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { findFreePort } from '@products/db/testing';
import { type JaegerAgent, startJaegerAgent } from '@products/jaeger';
import { matchLine } from '@products/telemetry/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// What the README promises: on a clean checkout, the one command brings everything up.

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

interface Start {
  readonly npx: ChildProcess;
  readonly stdout: string[];
  readonly url: string;
}

/** `npx --yes pnpm start` in a terminal of its own, as far as process groups go. */
async function start(): Promise<Start> {
  const npx = spawn('npx', ['--yes', 'pnpm', 'start'], {
    cwd: checkout,
    detached: true,
    env: {
      // biome-ignore lint/style/noProcessEnv: what a newcomer's shell has.
      ...outsideOf(process.env),
      PORT: String(port),
      JAEGER_AGENT_HOST: '127.0.0.1',
      JAEGER_AGENT_PORT: String(agent.port),
      SLOW_ENDPOINT_DELAY: '0.1',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stdout: string[] = [];
  const started = Promise.withResolvers<void>();
  createInterface(npx.stdout).on('line', (line) => {
    stdout.push(line);
    if (line.includes('"Service démarré"')) started.resolve();
  });
  npx.once('exit', (code) => started.reject(new Error(`the start ended with ${code}:\n${stdout.join('\n')}`)));
  await started.promise;
  return { npx, stdout, url: `http://127.0.0.1:${port}` };
}

/** The environment without what this test run's own pnpm, turbo and vitest have put there. */
function outsideOf(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !/^(npm_|pnpm_|PNPM_|TURBO_|VITEST|NODE_ENV|INIT_CWD)/.test(name),
  );
  const isOurs = (folder: string) => folder.startsWith(repository) || folder.includes('node_modules');
  const searched = (environment['PATH'] ?? '').split(':').filter((folder) => !isOurs(folder));
  return { ...Object.fromEntries(kept), PATH: searched.join(':') };
}

/** Runs a script of the repository to its end. Returns what it has written to stdout. */
function runScript(name: string): string {
  return execFileSync('npx', ['--yes', 'pnpm', name], {
    cwd: checkout,
    encoding: 'utf8',
    // biome-ignore lint/style/noProcessEnv: what a newcomer's shell has.
    env: outsideOf(process.env),
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

async function stopLikeCtrlC({ npx }: Start): Promise<void> {
  if (npx.pid === undefined) throw new Error('npx did not start');
  process.kill(-npx.pid, 'SIGINT');
  await once(npx, 'exit');
  await expect.poll(processesOfCheckout, { timeout: 15_000 }).toEqual([]);
}

describe('npx --yes pnpm start', () => {
  let stdoutOfFirst: readonly string[];

  it('installs, builds, starts a database, migrates, seeds, serves, and stops at Ctrl-C with nothing left', async () => {
    const first = await start();
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
    expect(JSON.parse(first.stdout.at(-1) ?? '')).toMatchObject({ message: 'Service arrêté' });
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

  it('the second time keeps the rows that were posted', async () => {
    const second = await start();
    expect(await (await fetch(`${second.url}/products/11`)).json()).toMatchObject({ name: 'iPad Pro' });
    await stopLikeCtrlC(second);
  });

  it('stops in order when npx is sent SIGTERM', async () => {
    const third = await start();
    third.npx.kill('SIGTERM');
    await once(third.npx, 'exit');
    await expect.poll(processesOfCheckout, { timeout: 15_000 }).toEqual([]);
    expect(JSON.parse(third.stdout.at(-1) ?? '')).toMatchObject({ message: 'Service arrêté' });
  });

  it('recovers from a kill of the service, rows and all, without an orphaned database', async () => {
    const fourth = await start();
    const pid = /"pid":(\d+)/.exec(readFileSync(path.join(checkout, '.postgres/lock.json'), 'utf8'))?.[1];
    process.kill(Number(pid), 'SIGKILL');
    await once(fourth.npx, 'exit');
    const fifth = await start();
    expect(await (await fetch(`${fifth.url}/products/11`)).json()).toMatchObject({ name: 'iPad Pro' });
    await stopLikeCtrlC(fifth);
  });
});

describe('npx --yes pnpm verify:telemetry', () => {
  it('proves that what each request leaves behind tells one story', () => {
    const said = runScript('verify:telemetry');
    expect(said).toMatch(/\n(\d+) of \1 requests tell one story\n$/);
  });
});

describe('npx --yes pnpm db:init', () => {
  it('finds the embedded database initialised and changes nothing', () => {
    const said = runScript('db:init');
    expect(said).toContain('la table contient déjà des produits, rien n’a été ajouté');
  });
});
