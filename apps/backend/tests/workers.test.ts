import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyTelemetry } from '@products/acceptance';
import { startJaegerAgent } from '@products/jaeger';
import { afterEach, describe, expect, it } from 'vitest';
import { type Backend, startBackend } from './backend.js';
import { eventually } from './eventually.js';
import { isRunning } from './is-running.js';
import { inGateOrSoak, percentile, report, SOAK_TIMEOUT_MS } from './soak.js';

const KILLS = inGateOrSoak(5, 50);
const REQUESTS_BETWEEN_KILLS = inGateOrSoak(200, 2_000);
const REPLACEMENTS = inGateOrSoak(1, 20);

const backends: Backend[] = [];
async function startWith(workers: number, environment: Record<string, string> = {}): Promise<Backend> {
  const backend = await startBackend({ WEB_CONCURRENCY: String(workers), SLOW_ENDPOINT_DELAY: '0.5', ...environment });
  backends.push(backend);
  // Their lines come by the primary process, and may come after its own.
  await eventually(() => expect(startedPids(backend)).toHaveLength(workers === 1 ? 0 : workers));
  return backend;
}
afterEach(async () => {
  for (const backend of backends.splice(0)) await backend.stop();
});

const pidsOf = ({ lines }: Backend, message: string) =>
  lines.filter((line) => line.message.startsWith(message)).map((line) => Number(line['pid']));
const startedPids = (backend: Backend) => pidsOf(backend, 'Processus de travail démarré');

/** A request on a connection of its own, so that any worker may get it; or on the agent's, which are kept. */
function ask({ url }: Backend, path: string, agent: Agent | false = false): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${url}${path}`, { agent: agent || new Agent() }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    request.on('error', reject).end();
  });
}

const readTotal = (body: string, path = '/products') =>
  Number(
    new RegExp(`^http_requests_total\\{method="GET",path="${path}",status="200"\\} (\\d+)$`, 'm').exec(body)?.[1] ?? 0,
  );

describe('WEB_CONCURRENCY workers', () => {
  it('share the port, and any of them shows the totals of all, exactly', async () => {
    const backend = await startWith(3);
    expect(new Set(startedPids(backend)).size).toBe(3);
    await Promise.all(Array.from({ length: 300 }, () => ask(backend, '/products')));
    // A worker that is too busy to report in time is a second behind.
    await eventually(async () => {
      const scrapes = await Promise.all(Array.from({ length: 12 }, () => ask(backend, '/metrics')));
      for (const { body } of scrapes) {
        expect(readTotal(body)).toBe(300);
        expect(body).toContain('database_queries_total{operation="SELECT",table="products"} 300\n');
        expect(body).toContain('database_connection_pool{status="size"} 30\n');
      }
    });
  });

  it('tell one story of each request, whichever of them gets it', async () => {
    const agent = await startJaegerAgent();
    const backend = await startWith(3, { JAEGER_AGENT_PORT: String(agent.port), SLOW_ENDPOINT_DELAY: '0.1' });
    const { results, problems } = await verifyTelemetry({ url: backend.url, lines: () => backend.lines, agent });
    for (const { expectation, problems: found } of results) expect(found, expectation.request.name).toEqual([]);
    expect(problems).toEqual([]);
    await agent.stop();
  });

  it(
    'are replaced when they are killed; the primary process survives, every scrape is answered, no total goes down',
    async () => {
      const backend = await startWith(2);
      let last = 0;
      let isOver = false;
      const scrapesMs: number[] = [];
      const respawnsMs: number[] = [];
      const scraping = (async () => {
        while (!isOver) {
          const startedAt = performance.now();
          const { status, body } = await ask(backend, '/metrics').catch(() => ({ status: 0, body: '' }));
          scrapesMs.push(performance.now() - startedAt);
          // The connection to a worker that is killed breaks; an answer is always a whole one.
          if (status !== 0) {
            expect(status).toBe(200);
            expect(readTotal(body)).toBeGreaterThanOrEqual(last);
            last = readTotal(body);
          }
          await sleep(100);
        }
      })();
      const killed = new Set<number>();
      for (let round = 0; round < KILLS; round += 1) {
        for (let sent = 0; sent < REQUESTS_BETWEEN_KILLS; sent += 20)
          await Promise.all(Array.from({ length: 20 }, () => ask(backend, '/products')));
        // What a worker has counted in the last second before it is killed may be missing.
        await sleep(1_100);
        const victim = startedPids(backend).find((pid) => !killed.has(pid) && isRunning(pid));
        if (victim === undefined) throw new Error('no worker is running');
        const killedAt = performance.now();
        process.kill(victim, 'SIGKILL');
        killed.add(victim);
        await eventually(() => expect(startedPids(backend)).toHaveLength(2 + killed.size));
        respawnsMs.push(performance.now() - killedAt);
      }
      isOver = true;
      await scraping;
      const total = readTotal((await ask(backend, '/metrics')).body);
      report(
        `workers: ${killed.size} killed, back after ${Math.max(...respawnsMs).toFixed(0)} ms at most; ${scrapesMs.length} scrapes, p99 ${percentile(scrapesMs, 0.99).toFixed(0)} ms; ${total} of ${KILLS * REQUESTS_BETWEEN_KILLS} requests counted`,
      );
      expect(total).toBe(KILLS * REQUESTS_BETWEEN_KILLS);
      expect(pidsOf(backend, 'Processus de travail terminé : SIGKILL')).toEqual([...killed]);
      expect(backend.child.exitCode).toBeNull();
    },
    SOAK_TIMEOUT_MS,
  );

  it('that do not answer do not hold up a scrape', async () => {
    const backend = await startWith(2);
    await Promise.all(Array.from({ length: 40 }, () => ask(backend, '/products')));
    await sleep(1_100);
    const [frozen] = startedPids(backend);
    process.kill(Number(frozen), 'SIGSTOP');
    try {
      // Half of the connections go to the frozen one.
      const answered = await Promise.race(Array.from({ length: 4 }, () => ask(backend, '/metrics')));
      expect(answered.status).toBe(200);
      expect(readTotal(answered.body)).toBe(40);
    } finally {
      process.kill(Number(frozen), 'SIGCONT');
    }
  });

  it(
    'are replaced one after the other at SIGUSR2, without a request lost',
    async () => {
      const backend = await startWith(2);
      const old = startedPids(backend);
      const agent = new Agent({ keepAlive: true, maxSockets: 20 });
      const statuses = new Map<number | string, number>();
      let isOver = false;
      const load = Array.from({ length: 20 }, async () => {
        while (!isOver) {
          const { status } = await ask(backend, '/products', agent).catch((error: Error) => ({
            status: error.message,
          }));
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      });
      const slow = ask(backend, '/slow');
      for (let replacement = 1; replacement <= REPLACEMENTS; replacement += 1) {
        backend.child.kill('SIGUSR2');
        const replaced = ({ message }: { message: string }) => message === 'Processus de travail remplacés';
        await eventually(() => expect(backend.lines.filter(replaced)).toHaveLength(replacement));
      }
      isOver = true;
      await Promise.all(load);
      agent.destroy();
      report(`rolling replacement: ${2 * REPLACEMENTS} workers under load, ${statuses.get(200)} × 200`);
      expect([...statuses.keys()]).toEqual([200]);
      expect((await slow).status).toBe(200);
      expect(old.filter(isRunning)).toEqual([]);
      expect(startedPids(backend)).toHaveLength(2 + 2 * REPLACEMENTS);
    },
    SOAK_TIMEOUT_MS,
  );

  it('are as many as before when one of them dies while they are being replaced', async () => {
    const backend = await startWith(2);
    const [, second] = startedPids(backend);
    backend.child.kill('SIGUSR2');
    process.kill(Number(second), 'SIGKILL');
    await backend.waitForLine('Processus de travail remplacés');
    await eventually(() => expect(startedPids(backend).filter(isRunning)).toHaveLength(2));
    // One for the first, and one for the second, which is gone when its turn comes.
    expect(startedPids(backend)).toHaveLength(4);
  });

  it('that get SIGTERM themselves answer what they have accepted, and are replaced', async () => {
    const backend = await startWith(2);
    const [first, second] = startedPids(backend);
    const slow = Promise.all(Array.from({ length: 6 }, () => ask(backend, '/slow')));
    await sleep(200);
    process.kill(Number(first), 'SIGTERM');
    expect((await slow).map(({ status }) => status)).toEqual(Array(6).fill(200));
    await eventually(() => expect(startedPids(backend)).toHaveLength(3));
    expect(isRunning(Number(second))).toBe(true);
    expect(pidsOf(backend, 'Processus de travail terminé : 0')).toEqual([first]);
  });

  it('all stop at SIGTERM with what they have accepted answered, logged and exported', async () => {
    const agent = await startJaegerAgent();
    const backend = await startWith(2, { JAEGER_AGENT_PORT: String(agent.port) });
    const slow = Promise.all(Array.from({ length: 20 }, () => ask(backend, '/slow')));
    await eventually(() =>
      expect(backend.lines.filter(({ message }) => message === 'Requête reçue: GET /slow')).toHaveLength(20),
    );
    backend.child.kill('SIGTERM');
    expect((await slow).map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(await backend.exited).toBe(0);
    expect(backend.lines.filter(({ message }) => message === 'Requête complétée: GET /slow')).toHaveLength(20);
    expect(backend.lines.at(-1)?.message).toBe('Service arrêté');
    await eventually(() => expect(agent.spans()).toHaveLength(40));
    expect(startedPids(backend).filter(isRunning)).toEqual([]);
    await agent.stop();
  });

  it('do not outlive a primary process that is killed', async () => {
    const backend = await startWith(2);
    const pids = startedPids(backend);
    backend.child.kill('SIGKILL');
    await backend.exited;
    await eventually(() => expect(pids.filter(isRunning)).toEqual([]));
  });

  it('make the start fail, with one reason, when they cannot listen', async () => {
    const first = await startWith(1);
    const second = startBackend({ WEB_CONCURRENCY: '4', PORT: new URL(first.url).port });
    await expect(second).rejects.toThrow(/le port est déjà pris/);
  });
});
