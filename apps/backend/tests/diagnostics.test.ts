import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, startBackend } from './backend.js';

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend({ SLOW_ENDPOINT_DELAY: '1.5' });
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
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1_450);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      message: 'Opération lente terminée',
      delay_seconds: 1.5,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
    });
  });

  it.each(['/slow', '/trpc/diagnostics.slow'])(
    'stops waiting when the client of %s leaves, and says so with 499',
    async (path) => {
      const startedAt = performance.now();
      await expect(backend.fetch(path, { signal: AbortSignal.timeout(100) })).rejects.toThrow(/timeout|abort/i);
      const isLine = (line: Readonly<Record<string, unknown>>) => line['path'] === path && line['status'] === 499;
      await expect.poll(() => backend.lines.some(isLine)).toBe(true);
      expect(performance.now() - startedAt).toBeLessThan(1_400);
      const done = backend.lines.filter(({ message }) => message === 'Opération lente terminée').length;
      await new Promise((resolve) => setTimeout(resolve, 1_600));
      expect(backend.lines.filter(({ message }) => message === 'Opération lente terminée')).toHaveLength(done);
    },
  );
});

describe('GET /error', () => {
  it('fails with at least four kinds of real runtime errors, and nothing but their class and text', async () => {
    const kinds = new Map<string, string>();
    for (let request = 0; request < 100; request += 1) {
      const response = await backend.fetch('/error');
      expect(response.status).toBe(500);
      const body = (await response.json()) as Record<string, string>;
      expect(Object.keys(body).sort()).toEqual(['code', 'error', 'message', 'timestamp', 'trace_id', 'type']);
      expect(body).toMatchObject({ code: 'INTERNAL_SERVER_ERROR', error: 'Erreur interne' });
      kinds.set(String(body['type']), String(body['message']));
    }
    expect([...kinds.keys()].sort()).toEqual(['RangeError', 'SyntaxError', 'TypeError', 'URIError']);
    expect([...kinds.values()].join()).not.toMatch(/node_modules|\.js:|at /);
  });

  it('logs the error once, with its stack', async () => {
    const response = await backend.fetch('/error');
    const { trace_id } = (await response.json()) as { trace_id: string };
    const withStack = () =>
      backend.lines.filter((line) => line['trace_id'] === trace_id && JSON.stringify(line).includes('"stack"'));
    await expect.poll(withStack).toHaveLength(1);
    expect(withStack()[0]).toMatchObject({
      level: 'ERROR',
      exc_info: expect.stringContaining('diagnostics.js'),
    });
  });
});
