import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { eventually } from './eventually.js';
import { ANSWER_MS_MAX, loadDuring, statusesOf, useFaultyService } from './faulty-service.js';
import { inGateOrSoak, report, SOAK_TIMEOUT_MS } from './soak.js';

// Whatever the network between service and database does: an answer in time, nothing lost, and all well afterwards.

const TOXIC_MS = inGateOrSoak(500, 20_000);
/** Longer than a statement may take. */
const SILENT_MS = inGateOrSoak(1_200, 20_000);

const service = useFaultyService();
beforeAll(() => {
  service.database.proxy.fault = 'none';
});

it('half-open, as behind a network that swallows everything: 503 within the time-outs', async () => {
  await Promise.all(Array.from({ length: 3 }, () => service.ask('/products/1')));
  service.database.proxy.fault = 'blackhole';
  const answers = await Promise.all(Array.from({ length: 3 }, () => service.ask('/products/1')));
  const slowest = Math.max(...answers.map(({ ms }) => ms));
  report(`half-open: slowest 503 after ${slowest.toFixed(0)} ms`);
  expect(answers.map(({ status }) => status)).toEqual(Array(3).fill(503));
  expect(slowest).toBeLessThan(ANSWER_MS_MAX);
  service.database.proxy.fault = 'none';
  service.database.proxy.reset();
}, 60_000);

it.each([
  ['latency', { delayMs: 60 }],
  ['bandwidth', { bytesPerSecond: 20_000 }],
  ['slow_close', { closeDelayMs: 500 }],
  ['timeout', 'blackhole'],
  ['slicer', { sliceBytes: 32 }],
  ['limit_data', { limitBytes: 4_000 }],
  ['down', 'refuse'],
  ['reset_peer', 'none'],
] as const)(
  'behind a network that does %s: 200, 201 or 503 in time, and nothing acknowledged is lost',
  async (toxic, fault) => {
    const slowest = { ms: 0 };
    const counts = await service.writeDuring(toxic, async () => {
      service.database.proxy.fault = fault;
      const reads = await loadDuring(
        5,
        async (sequence) => {
          const { status, ms } = await service.ask(`/products/${(sequence % 10) + 1}`);
          slowest.ms = Math.max(slowest.ms, ms);
          return status;
        },
        async () => {
          const until = performance.now() + (toxic === 'timeout' ? SILENT_MS : TOXIC_MS);
          while (performance.now() < until) {
            if (toxic === 'reset_peer' || toxic === 'down') service.database.proxy.reset();
            await sleep(100);
          }
          service.database.proxy.fault = 'none';
          if (toxic === 'timeout') service.database.proxy.reset();
        },
      );
      expect(statusesOf(reads).filter((status) => status !== 200 && status !== 503)).toEqual([]);
      report(
        `${toxic}: ${reads.get(200) ?? 0} × 200, ${reads.get(503) ?? 0} × 503, slowest ${slowest.ms.toFixed(0)} ms`,
      );
    });
    expect(statusesOf(counts).filter((status) => status !== 201 && status !== 503)).toEqual([]);
    expect(slowest.ms).toBeLessThan(ANSWER_MS_MAX);
    const normalAt = performance.now();
    await eventually(async () => expect((await service.ask('/products/1')).status).toBe(200));
    report(`${toxic}: normal ${(performance.now() - normalAt).toFixed(0)} ms after it ends`);
  },
  SOAK_TIMEOUT_MS,
);

it('its connections broken: the next reads find others', async () => {
  await Promise.all(Array.from({ length: 3 }, () => service.ask('/products/1')));
  service.database.proxy.reset();
  const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => service.ask(`/products/${index + 1}`)));
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
});
