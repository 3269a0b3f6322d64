import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { asModule, preload, type ServingProcess, startOnSamples, traceIdOf } from './backend.js';
import { eventually } from './eventually.js';

// Every answered request has its lines, whatever stdout does for a while.

/** A preload that makes writes to stdout fail with this error while a file is there. */
const failing = (code: string, file: string): string => {
  const text = `import fs from 'node:fs';
    const { write } = fs;
    fs.write = (fd, ...rest) => {
      if (fd !== 1 || !fs.existsSync(${JSON.stringify(file)})) return write(fd, ...rest);
      const error = Object.assign(new Error('${code}: write'), { code: '${code}' });
      setImmediate(rest.at(-1), error, 0);
    };`;
  return asModule(text);
};

const flagFile = (code: string) => path.join(tmpdir(), `products-stdout-${code}-${process.pid}`);

async function askFor(service: ServingProcess, count: number): Promise<string[]> {
  const responses = await Promise.all(Array.from({ length: count }, () => service.fetch('/products/1')));
  return Promise.all(
    responses.map(async (response) => {
      await response.arrayBuffer();
      return traceIdOf(response);
    }),
  );
}

/** Requests whose last line is not among those that were read. */
const withoutLine = ({ lines }: ServingProcess, traceIds: readonly string[]) => {
  const completed = new Set(lines.filter(({ status }) => status === 200).map((line) => line['trace_id']));
  return traceIds.filter((traceId) => !completed.has(traceId));
};

describe.concurrent('a request that is answered has its lines', () => {
  it.each(['ENOSPC', 'EIO'])('although stdout failed meanwhile (%s), and later ones have theirs', async (code) => {
    const file = flagFile(code);
    const nodeArguments = ['--import', failing(code, file), ...preload];
    await using service = await startOnSamples({}, { nodeArguments });
    writeFileSync(file, '');
    const during = await askFor(service, 20);
    await sleep(300);
    rmSync(file);
    const after = await askFor(service, 20);
    await eventually(() => expect(withoutLine(service, [...during, ...after])).toEqual([]));
    expect(await (await service.fetch('/metrics')).text()).toContain('log_lines_dropped_total 0\n');
  });

  it('although nobody reads for seconds: lines wait in memory', async () => {
    await using service = await startOnSamples();
    service.child.stdout?.pause();
    const traceIds: string[] = [];
    // Several megabytes of lines.
    for (let round = 0; round < 30; round += 1) traceIds.push(...(await askFor(service, 100)));
    await sleep(2_000);
    service.child.stdout?.resume();
    await eventually(() => expect(withoutLine(service, traceIds)).toEqual([]));
    expect(await (await service.fetch('/metrics')).text()).toContain('log_lines_dropped_total 0\n');
  }, 60_000);

  it('although the reader comes back only during the stop, within SHUTDOWN_TIMEOUT', async () => {
    await using service = await startOnSamples({ SHUTDOWN_TIMEOUT: '20' });
    service.child.stdout?.pause();
    const traceIds: string[] = [];
    for (let round = 0; round < 5; round += 1) traceIds.push(...(await askFor(service, 100)));
    service.child.kill('SIGTERM');
    await sleep(3_000);
    service.child.stdout?.resume();
    expect(await service.exited).toBe(0);
    expect(withoutLine(service, traceIds)).toEqual([]);
    expect(service.lines.at(-1)?.message).toBe('Service arrêté');
  });
});

it('lines that nobody has read by the end of the stop are counted on stderr', async () => {
  await using service = await startOnSamples({ SHUTDOWN_TIMEOUT: '0.5' }, { stderr: 'pipe' });
  service.child.stdout?.pause();
  let complaint = '';
  service.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  for (let round = 0; round < 5; round += 1) await askFor(service, 100);
  service.child.kill('SIGTERM');
  await once(service.child, 'exit');
  expect(complaint).toMatch(/^\d+ lignes de journal n’ont pas été écrites\.$/m);
  service.child.stdout?.resume();
});
