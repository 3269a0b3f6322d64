import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startOnSamples, traceIdOf } from './backend.js';

it('while stdout is not read, the lines of a flood are dropped before those of an honest client', async () => {
  await using service = await startOnSamples();
  service.child.stdout?.pause();
  const attacker = spawn(
    process.execPath,
    [path.join(import.meta.dirname, 'attacker.ts'), 'long paths', service.url, '60000', '127.0.0.2'],
    { stdio: 'ignore' },
  );
  const dropped = async () => {
    const metrics = await (await service.fetch('/metrics')).text();
    return Number(/^log_lines_dropped_total (\d+)$/m.exec(metrics)?.[1]);
  };
  while ((await dropped()) === 0) await sleep(100);
  const traceIds: string[] = [];
  for (let sent = 0; sent < 10; sent += 1) traceIds.push(traceIdOf(await service.fetch('/products/1')));
  attacker.kill();
  await once(attacker, 'exit');

  service.child.stdout?.resume();
  await service.stop();
  const counts = traceIds.map((traceId) => service.lines.filter((line) => line['trace_id'] === traceId).length);
  expect(counts).toEqual(Array(10).fill(4));
});
