import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServingProcess } from './backend.js';
import { eventually } from './eventually.js';
import { isRunning } from './is-running.js';
import { inGateOrSoak, percentile, report, SOAK_TIMEOUT_MS } from './soak.js';
import { ask, countedInAll, pidsOf, readTotal, startedPids, startWithWorkers } from './workers.js';

const KILLS = inGateOrSoak(2, 50);
const REQUESTS_BETWEEN_KILLS = inGateOrSoak(100, 2_000);
const REPLACEMENTS = inGateOrSoak(1, 20);

let backend: ServingProcess;
beforeAll(async () => {
  backend = await startWithWorkers(2);
});
afterAll(() => backend.stop());

const runningPids = () => startedPids(backend).filter(isRunning);
/** Two again, beside those that had been started before. */
const areBack = (startedBefore: number, replaced: number) =>
  eventually(() => {
    expect(startedPids(backend)).toHaveLength(startedBefore + replaced);
    expect(runningPids()).toHaveLength(2);
  });
const replacements = () => backend.lines.filter(({ message }) => message === 'Processus de travail remplacés').length;

/** Scrapes until it is stopped; an answer is always a whole one, and no total ever goes down. */
function scrapeMeanwhile(): () => Promise<number[]> {
  const scrapesMs: number[] = [];
  let isOver = false;
  const scraping = (async () => {
    for (let last = 0; !isOver; await sleep(100)) {
      const startedAt = performance.now();
      const { status, body } = await ask(backend, '/metrics').catch(() => ({ status: 0, body: '' }));
      scrapesMs.push(performance.now() - startedAt);
      // The connection to a worker that is killed breaks.
      if (status === 0) continue;
      expect(status).toBe(200);
      expect(readTotal(body)).toBeGreaterThanOrEqual(last);
      last = readTotal(body);
    }
  })();
  return async () => {
    isOver = true;
    await scraping;
    return scrapesMs;
  };
}

describe('workers', () => {
  it(
    'are replaced when they are killed; the primary process survives, every scrape is answered, no total goes down',
    async () => {
      const before = { started: startedPids(backend).length, total: readTotal((await ask(backend, '/metrics')).body) };
      const stopScraping = scrapeMeanwhile();
      const respawnsMs: number[] = [];
      const killed: number[] = [];
      let total = before.total;
      for (let round = 0; round < KILLS; round += 1) {
        for (let sent = 0; sent < REQUESTS_BETWEEN_KILLS; sent += 20)
          await Promise.all(Array.from({ length: 20 }, () => ask(backend, '/products')));
        // What a worker that is killed has not reported is missing.
        total += REQUESTS_BETWEEN_KILLS;
        await countedInAll(backend, total);
        const [victim] = runningPids();
        if (victim === undefined) throw new Error('no worker is running');
        const killedAt = performance.now();
        process.kill(victim, 'SIGKILL');
        killed.push(victim);
        await areBack(before.started, killed.length);
        respawnsMs.push(performance.now() - killedAt);
      }
      const scrapesMs = await stopScraping();
      report(
        `workers: ${killed.length} killed, back after ${Math.max(...respawnsMs).toFixed(0)} ms at most; ${scrapesMs.length} scrapes, p99 ${percentile(scrapesMs, 0.99).toFixed(0)} ms`,
      );
      expect(readTotal((await ask(backend, '/metrics')).body)).toBe(total);
      expect(pidsOf(backend, 'Processus de travail terminé : SIGKILL')).toEqual(killed);
      expect(backend.child.exitCode).toBeNull();
    },
    SOAK_TIMEOUT_MS,
  );

  it(
    'are replaced one after the other at SIGUSR2, without a request lost',
    async () => {
      const old = runningPids();
      const before = { started: startedPids(backend).length, replacements: replacements() };
      const agent = new Agent({ keepAlive: true, maxSockets: 20 });
      const statuses = new Map<number | string, number>();
      let isOver = false;
      const load = Array.from({ length: 20 }, async () => {
        while (!isOver) {
          const { status } = await ask(backend, '/products', agent).catch((error: Error) => ({
            status: error.message,
          }));
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          await sleep(10);
        }
      });
      const slow = ask(backend, '/slow');
      for (let replacement = 1; replacement <= REPLACEMENTS; replacement += 1) {
        backend.child.kill('SIGUSR2');
        await eventually(() => expect(replacements()).toBe(before.replacements + replacement));
      }
      isOver = true;
      await Promise.all(load);
      agent.destroy();
      report(`rolling replacement: ${2 * REPLACEMENTS} workers under load, ${statuses.get(200)} × 200`);
      expect([...statuses.keys()]).toEqual([200]);
      expect((await slow).status).toBe(200);
      expect(old.filter(isRunning)).toEqual([]);
      expect(startedPids(backend)).toHaveLength(before.started + 2 * REPLACEMENTS);
    },
    SOAK_TIMEOUT_MS,
  );

  it('are as many as before when one of them dies while they are being replaced', async () => {
    const before = { started: startedPids(backend).length, replacements: replacements() };
    const [, second] = runningPids();
    backend.child.kill('SIGUSR2');
    process.kill(Number(second), 'SIGKILL');
    await eventually(() => expect(replacements()).toBe(before.replacements + 1));
    // One for the first, and one for the second, which is gone when its turn comes.
    await areBack(before.started, 2);
  });

  it('that get SIGTERM themselves answer what they have accepted, and are replaced', async () => {
    const startedBefore = startedPids(backend).length;
    const [first, second] = runningPids();
    const received = () => backend.lines.filter(({ message }) => message === 'Requête reçue: GET /slow').length;
    const before = received();
    const slow = Promise.all(Array.from({ length: 6 }, () => ask(backend, '/slow')));
    await eventually(() => expect(received()).toBe(before + 6));
    process.kill(Number(first), 'SIGTERM');
    expect((await slow).map(({ status }) => status)).toEqual(Array(6).fill(200));
    await areBack(startedBefore, 1);
    expect(isRunning(Number(second))).toBe(true);
    expect(pidsOf(backend, 'Processus de travail terminé : 0')).toEqual([first]);
  });
});
