import { setTimeout as sleep } from 'node:timers/promises';
import type { SlowResult } from '@products/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readError, readJson, type ServingProcess, startOnSamples } from './backend.js';

const DELAY_S = 1;

let backend: ServingProcess;
beforeAll(async () => {
  backend = await startOnSamples({ SLOW_ENDPOINT_DELAY: String(DELAY_S) });
});
afterAll(() => backend.stop());

describe('GET /slow', () => {
  it('answers after the configured delay, and holds up nobody meanwhile', async () => {
    const startedAt = performance.now();
    let isSlowDone = false;
    const slow = backend.fetch('/slow').then((response) => {
      isSlowDone = true;
      return response;
    });
    expect((await backend.fetch('/products')).status).toBe(200);
    expect(isSlowDone).toBe(false);
    const response = await slow;
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1_000 * DELAY_S - 50);
    expect(response.status).toBe(200);
    expect(await readJson<SlowResult>(response)).toEqual({
      message: `Réponse après ${DELAY_S} secondes de latence`,
      delay_seconds: DELAY_S,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
    });
  });

  it('stops waiting when the client of either transport leaves, and says so with 499', async () => {
    const done = () => backend.lines.filter(({ message }) => message === 'Opération lente terminée').length;
    const before = done();
    for (const path of ['/slow', '/trpc/diagnostics.slow']) {
      await expect(backend.fetch(path, { signal: AbortSignal.timeout(100) })).rejects.toThrow(/timeout|abort/i);
      const left = () => backend.lines.filter((line) => line['path'] === path && line['status'] === 499);
      await expect.poll(left).toHaveLength(1);
      expect(left()[0]?.['duration_ms']).toBeLessThan(1_000 * DELAY_S);
    }
    // Those that left would be done before one that came after them.
    expect((await backend.fetch('/slow')).status).toBe(200);
    expect(done()).toBe(before + 1);
  });
});

describe('GET /error', () => {
  it('fails with at least four kinds of real runtime errors, and nothing but their class and text', async () => {
    const kinds = new Map<string, string>();
    for (let request = 0; request < 100; request += 1) {
      const response = await backend.fetch('/error');
      expect(response.status).toBe(500);
      const body = await readError(response);
      expect(Object.keys(body).sort()).toEqual([
        'code',
        'error',
        'message',
        'timestamp',
        'trace_id',
        'type',
        'type_label',
      ]);
      expect(body).toMatchObject({ code: 'INTERNAL_SERVER_ERROR', error: 'Erreur interne' });
      kinds.set(String(body.type), body.message);
    }
    expect([...kinds.keys()].sort()).toEqual(['RangeError', 'SyntaxError', 'TypeError', 'URIError']);
    expect([...kinds.values()].join()).not.toMatch(/node_modules|\.js:|at /);
  });

  it('logs the error once, with its stack', async () => {
    // A stack that was written a moment ago is left out.
    await sleep(1_100);
    const { trace_id } = await readError(await backend.fetch('/error'));
    const failures = () => backend.lines.filter((line) => line['trace_id'] === trace_id && 'error_type' in line);
    await expect.poll(failures).toHaveLength(1);
    expect(failures()[0]).toMatchObject({ level: 'ERROR', exc_info: expect.stringContaining('diagnostics.js') });
  });
});
