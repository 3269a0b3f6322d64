// The query API beside a stock Jaeger itself: the same packets to both, the same questions.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Jaeger, startJaeger } from '@products/programs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { promised } from '../promised-answer.js';
import { recordedPackets, sendPacket, start } from '../running-console.js';

let jaeger: Jaeger;
beforeAll(async () => {
  jaeger = await startJaeger();
}, 1_800_000);
afterAll(() => jaeger?.stop());

/** The recorded questions that both are asked. */
const questions = readFileSync(path.join(import.meta.dirname, '../jaeger-1.76/answers.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line): string => JSON.parse(line).path)
  .filter(
    (target) =>
      // There for information; found here alone; which ones a limit leaves out is not promised.
      !/^\/api\/(?:dependencies|metrics|v3)/.test(target) &&
      !/%22(?:error|event)%22/.test(target) &&
      !/limit=[23]\b/.test(target),
  );

async function answer(base: string, target: string) {
  const response = await fetch(base + target);
  const { data } = (await response.json()) as { data: unknown[] | null };
  return { status: response.status, data: promised(data) };
}

it('answers every question as Jaeger does', async () => {
  const { url, portOf } = await start();
  const agent = { compact: 6_831, binary: 6_832 };
  for (const { protocol, bytes } of recordedPackets) {
    await sendPacket(portOf[protocol], bytes);
    await sendPacket(agent[protocol], bytes, jaeger.agentHost);
  }
  const all = '/api/traces?service=backend-service&start=1795726425163000&end=1795726432492000&limit=1000';
  await expect.poll(async () => (await answer(jaeger.queryUrl, all)).data).toHaveLength(21);
  await expect.poll(async () => (await answer(url, all)).data).toHaveLength(21);
  expect(questions.length).toBeGreaterThan(30);
  for (const target of questions)
    expect(await answer(url, target), target).toEqual(await answer(jaeger.queryUrl, target));
});
