import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Backend, startBackend } from './backend.js';
import { hostileCorpus } from './hostile-corpus.js';
import { sendRaw } from './raw-http.js';
import { report } from './soak.js';
import { checkAnswer } from './well-formed-answer.js';

// Two thousand fixed requests, each known to have broken or deceived a service like this one.

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend({ SLOW_ENDPOINT_DELAY: '0' });
});
afterAll(async () => {
  expect(await backend.stop()).toBe(0);
});

it('no request of the corpus gets a 5xx, ends the process, or sees its insides', async () => {
  const requests = hostileCorpus();
  expect(new Set(requests).size).toBe(requests.length);
  expect(requests.length).toBeGreaterThanOrEqual(2_000);
  const statuses = new Map<number, number>();
  const rest = [...requests];
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      for (let request = rest.pop(); request !== undefined; request = rest.pop()) {
        const answer = await sendRaw(backend.url, Buffer.from(request, 'latin1'), 5_000);
        expect(answer.status, `no answer to ${JSON.stringify(request)}`).toBeGreaterThan(0);
        checkAnswer(answer.status, answer.headers['content-type'] ?? '', answer.body, request);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      }
    }),
  );
  const counts = [...statuses].sort(([a], [b]) => a - b).map(([status, times]) => `${times} × ${status}`);
  report(`corpus: ${requests.length} requests, ${counts.join(', ')}`);
  expect((await backend.fetch('/products?limit=1')).status).toBe(200);
  expect(backend.child.exitCode).toBeNull();
}, 120_000);
