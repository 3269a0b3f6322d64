// Traces that neighbours with the standard SDKs have begun go on here, as a stock Jaeger shows them.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { installPython, type Jaeger, run, type StoredTrace, startJaeger } from '@products/programs';
import { chromium } from 'playwright-core';
import { build, type Rollup } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ServingProcess, startOnSamples } from '../backend.js';
import { eventually } from '../eventually.js';

const callers = path.join(import.meta.dirname, 'callers');

let jaeger: Jaeger;
let service: ServingProcess;
beforeAll(async () => {
  jaeger = await startJaeger();
  service = await startOnSamples({ OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.otlpUrl });
}, 1_800_000);
afterAll(async () => {
  await service?.stop();
  await jaeger?.stop();
});

/** Checks that the caller's span of its request is the parent of ours, and that Jaeger has nothing else to remark. */
async function expectContinued(traceId: string): Promise<void> {
  const { spans, processes, warnings } = await eventually(async () => {
    const trace = await jaeger.findTrace(traceId);
    expect(trace?.spans.length).toBe(4);
    return trace as StoredTrace;
  });
  const serviceOf = ({ processID }: StoredTrace['spans'][number]) => processes[processID]?.serviceName;
  const named = (name: string) => spans.find(({ operationName }) => operationName === name);
  const server = named('GET /products/:id');
  const parent = spans.find(({ spanID }) => spanID === server?.references[0]?.spanID);
  expect(parent?.tags).toContainEqual(expect.objectContaining({ key: 'span.kind', value: 'client' }));
  expect(parent?.references[0]?.spanID).toBe(named('order')?.spanID);
  expect(spans.map(serviceOf).sort()).toEqual(['backend-service', 'backend-service', 'caller', 'caller']);
  // The caller's clock is another one: Jaeger's remark on it is not about us.
  const remarks = [warnings, ...spans.map((span) => span.warnings)].flatMap((each) => each ?? []);
  expect(remarks.filter((remark) => !remark.startsWith('clock skew'))).toEqual([]);
}

it.each(['traceparent', 'uber-trace-id', 'b3', 'X-B3-TraceId'])(
  'of Python’s SDK, told by %s',
  async (header) => {
    const python = await installPython('caller', path.join(callers, 'python/requirements.txt'));
    const main = path.join(callers, 'python/main.py');
    const printed = await run(python, [main, service.url, jaeger.otlpUrl, header]);
    await expectContinued(printed.trim());
  },
  300_000,
);

/** The browser's program as one module. */
async function bundle(): Promise<string> {
  const [built] = (await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      lib: { entry: path.join(callers, 'browser/main.ts'), formats: ['es'] },
    },
  })) as Rollup.RollupOutput[];
  return built?.output[0].code ?? '';
}

it('of a page in a browser', async () => {
  const script = await bundle();
  const server = createServer((request, response) => {
    const isScript = request.url === '/main.js';
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><title>caller</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    // As text: what a function imports, Vitest would import itself.
    const parameters = JSON.stringify([service.url, jaeger.otlpUrl]);
    const call = `import('/main.js').then(({ callFrom }) => callFrom(...${parameters}))`;
    const traceId = await page.evaluate<string>(call);
    await expectContinued(traceId);
  } finally {
    await browser.close();
    server.close();
  }
});
