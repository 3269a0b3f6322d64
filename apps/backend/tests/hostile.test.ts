import { Agent } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { anyJson, anyProduct } from './any-value.js';
import { type Backend, startBackend } from './backend.js';
import { askOn, closedLoop } from './load-client.js';
import { sendRaw } from './raw-http.js';
import { inGateOrSoak, percentile, report, SOAK_TIMEOUT_MS } from './soak.js';
import { checkAnswer } from './well-formed-answer.js';

// Whatever is sent: no 5xx, no crash, and every answer to something wrong is JSON without internals.

const CALLS = inGateOrSoak(700, 100_000);
const MUTATIONS = inGateOrSoak(500, 100_000);
/** How many are sent at once, as many of them leave the service waiting for more. */
const MUTATIONS_AT_ONCE = 50;
const ANSWER_WITHIN_MS = 500;
/** An honest client that waits longer hangs. */
const HANGING_MS = 5_000;

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend({ SLOW_ENDPOINT_DELAY: '0' });
});
afterAll(async () => {
  expect(await backend.stop()).toBe(0);
});

const procedures = [
  'products.list',
  'products.byId',
  'products.create',
  'diagnostics.slow',
  'health.check',
  'nowhere',
  '__proto__',
];

it(
  'any input of any procedure, alone or in batches, by any method',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...procedures), fc.oneof(anyProduct, anyJson)), {
          minLength: 1,
          maxLength: 30,
        }),
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH'),
        fc.boolean(),
        async (calls, method, isBatch) => {
          const path = calls.map(([name]) => encodeURIComponent(name)).join(',');
          const input = JSON.stringify(
            isBatch ? Object.fromEntries(calls.map(([, value], index) => [index, value])) : calls[0]?.[1],
          );
          const hasBody = method !== 'GET';
          const query = new URLSearchParams({
            ...(isBatch ? { batch: '1' } : {}),
            ...(hasBody ? {} : { input: input ?? '' }),
          });
          const response = await backend.fetch(`/trpc/${path}?${query}`, {
            method,
            ...(hasBody ? { headers: { 'Content-Type': 'application/json' }, body: input ?? '' } : {}),
          });
          const contentType = response.headers.get('content-type') ?? '';
          checkAnswer(response.status, contentType, await response.text(), [method, path, input]);
        },
      ),
      { numRuns: CALLS },
    );
    report(`procedures: ${CALLS} calls and batches, 0 findings`);
  },
  SOAK_TIMEOUT_MS,
);

const heads = [
  'GET /products HTTP/1.1\r\nHost: x\r\n',
  'POST /products HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 44\r\n',
  'GET /trpc/products.list?input=%7B%22limit%22%3A3%7D HTTP/1.1\r\nHost: x\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: x\r\n',
  'GET http://x/products HTTP/1.1\r\nHost: x\r\n',
];
const oddHeaders = [
  'traceparent: 00-zz\r\n',
  'baggage: %%%=,;\r\n',
  'uber-trace-id: %E0%A4%A\r\n',
  `uberctx-${'k'.repeat(200)}: v\r\n`.repeat(20),
  'b3: -\r\n',
  'Transfer-Encoding: xchunked\r\n',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
  'Content-Encoding: gzip\r\n',
  'Expect: 100-continue\r\n',
  '__proto__: x\r\n',
  'Accept: application/openmetrics-text;q=x\r\n',
  'X-Forwarded-For: \x7f\r\n',
  'Forwarded: for=;;=\r\n',
  'Range: bytes=0-\r\n',
  'Upgrade: websocket\r\nConnection: Upgrade\r\n',
  'Cookie: \xff\r\n',
];
const body = '{"name":"x","price":1,"category":"__proto__"}';

const anyBytes = fc
  .tuple(
    fc.constantFrom(...heads),
    fc.subarray(oddHeaders, { maxLength: 3 }),
    fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 3 }),
  )
  .map(([head, extra, changes]) => {
    const bytes = Buffer.from(`${head}${extra.join('')}Connection: close\r\n\r\n${body}`, 'latin1');
    for (const [position, value] of changes) if (position < bytes.length) bytes[position] = value;
    return bytes;
  });

it(
  'requests with odd headers and any byte changed, beside an honest client that they do not hold up',
  async () => {
    const agent = new Agent({ keepAlive: true });
    const askHonestly = () => askOn(agent, backend.url, '/products/1');
    const alone = await closedLoop(1, 500, askHonestly);
    let isOver = false;
    const beside: number[] = [];
    const honest = (async () => {
      while (!isOver) {
        const { outcomes, latenciesMs } = await closedLoop(1, 100, askHonestly);
        expect([...outcomes.keys()]).toEqual([200]);
        beside.push(...latenciesMs);
      }
    })();
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyBytes, { minLength: MUTATIONS_AT_ONCE, maxLength: MUTATIONS_AT_ONCE }),
        async (requests) => {
          const answers = requests.map(async (bytes) => {
            const answer = await Promise.race([sendRaw(backend.url, bytes, ANSWER_WITHIN_MS), backend.exited]);
            if (typeof answer !== 'object') throw new Error(`the service has ended: ${answer}`);
            // A server may also close the connection, or wait for the rest.
            if (!(answer.status > 0)) return;
            const contentType = answer.headers['content-type'] ?? '';
            checkAnswer(answer.status, contentType, answer.body, bytes.toString('latin1'));
          });
          await Promise.all(answers);
        },
      ),
      { numRuns: MUTATIONS / MUTATIONS_AT_ONCE, endOnFailure: true },
    );
    isOver = true;
    await honest;
    report(
      `bytes: ${MUTATIONS} requests, 0 findings; honest p99 ${percentile(beside, 0.99).toFixed(1)} ms, alone ${percentile(alone.latenciesMs, 0.99).toFixed(1)} ms`,
    );
    expect(Math.max(...beside)).toBeLessThan(HANGING_MS);
    agent.destroy();
  },
  SOAK_TIMEOUT_MS,
);
