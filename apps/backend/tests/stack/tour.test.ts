// docs/tour.md: its commands print what it shows. With SCREENSHOTS set it is written anew, from one run, with its pictures.
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '@products/programs';
import { lexer, type Tokens } from 'marked';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFromRepository } from '../documents.js';
import { eventually } from '../eventually.js';
import { exact } from './expressions.js';
import { consoleProgram, launchBrowser, type ObservedService, startObservedService } from './observed-service.js';
import { takePicture, takePictures } from './pictures.js';
import { type PrometheusServer, startPrometheus } from './prometheus-server.js';

const page = 'docs/tour.md';
// biome-ignore lint/style/noProcessEnv: pictures are made on demand.
const isPictured = process.env['SCREENSHOTS'] !== undefined;
/** Before the request: charts need something to show. */
const TRAFFIC_MS = isPictured ? 150_000 : 0;

interface Step {
  readonly command: string;
  readonly shown: string;
}

/** Blocks of commands that are followed by what they print. */
function readSteps(markdown: string): readonly Step[] {
  const blocks = lexer(markdown).filter((token): token is Tokens.Code => token.type === 'code');
  return blocks.flatMap(({ lang, text }, index) => {
    const next = blocks[index + 1];
    return lang === 'bash' && next?.lang === '' ? [{ command: text, shown: next.text }] : [];
  });
}

/** Without what differs from run to run: each id by the place where it first comes, times, measured numbers. */
function shapeOf(printed: readonly string[]): readonly string[] {
  const ids = [...new Set(printed.join('\n').match(/\b(?:[0-9a-f]{32}|[0-9a-f]{16})\b/g))];
  const nameOf = (start: string) => `id ${ids.findIndex((id) => id.startsWith(start))}`;
  return printed.map((text) =>
    text
      .trim()
      .replaceAll(/\b(?:[0-9a-f]{32}|[0-9a-f]{16})\b/g, nameOf)
      .replaceAll(/(?<=↗)[0-9a-f]{8}/g, nameOf)
      .replaceAll(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d|\b\d\d:\d\d:\d\d\.\d{3}\b|\b\d{13}\b/g, 'time')
      .replaceAll(/(?<=le=")[^"]+|(?<=} )\d+(?= #)|\d+(?:\.\d+)?(?= (?:ms|µs) )|\b\d+\.\d+\b/g, 'number')
      .replaceAll(/\s*━+\s*/g, ' bar '),
  );
}

let service: ObservedService;
let prometheus: PrometheusServer;
let browser: Browser;
/** Where the reader's shell is. */
const folder = mkdtempSync(path.join(tmpdir(), 'products-tour-'));
const markdown = readFromRepository(page);
const steps = readSteps(markdown);
const printed: string[] = [];
let id = '';

let traffic: Promise<void>;
let isOver = false;
/** Other requests than that of the page, some of which fail. */
async function sendTraffic(): Promise<void> {
  while (!isOver) {
    for (const target of ['/products', '/products?limit=3', '/health', '/trpc/products.list', '/error']) {
      if (Math.random() < (target === '/error' ? 0.03 : 0.6)) await (await fetch(service.url + target)).arrayBuffer();
    }
    await sleep(100 + 300 * Math.random());
  }
}

beforeAll(async () => {
  service = await startObservedService();
  service.runner.stdout.pipe(createWriteStream(path.join(folder, 'service.log')));
  prometheus = await startPrometheus('prometheus', [service.url]);
  browser = await launchBrowser();
  traffic = sendTraffic();
  await sleep(TRAFFIC_MS);
  for (const step of steps) printed.push(await eventually(() => runAsReader(step)));
}, 600_000);
afterAll(async () => {
  isOver = true;
  await traffic;
  await browser?.close();
  await prometheus?.stop();
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs commands of the page on the ports and in the folders of this test; fails until they print as many lines as it shows. */
async function runAsReader({ command, shown }: Step): Promise<string> {
  const here = command
    .replaceAll('http://localhost:5000', service.url)
    .replaceAll('npm run trace --', `node ${consoleProgram} trace --folder ${service.folder}`);
  const output = await run('bash', ['-euo', 'pipefail', '-c', here], { cwd: folder, env: { id } });
  expect(output.trim().split('\n')).toHaveLength(shown.split('\n').length);
  id ||= output.trim().split('\n').at(-1) ?? '';
  return output;
}

it('the commands print what the page shows: the same ids, fields and lines', () => {
  expect(steps).toHaveLength(4);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  if (isPictured) {
    const written = steps.reduce(
      (text, { shown }, index) => text.replace(shown, () => printed[index]?.trim() ?? ''),
      markdown,
    );
    writeFileSync(path.resolve(import.meta.dirname, '../../../..', page), written);
  } else expect(shapeOf(printed)).toEqual(shapeOf(steps.map(({ shown }) => shown)));
});

describe('the pictures', () => {
  let view: Page;
  beforeAll(async () => {
    const context = await browser.newContext({
      deviceScaleFactor: 2,
      locale: 'en',
    });
    view = await context.newPage();
  });

  it('console-logs: the lines of the trace', async () => {
    await view.goto(`${service.consoleUrl}/logs?trace=${id}`);
    await expect.poll(() => view.locator('.line').count()).toBe(4);
    if (isPictured) await takePictures(view, 'console-logs', 240);
  });

  it('console-trace: its spans and its lines', async () => {
    await view.goto(`${service.consoleUrl}/trace/${id}`);
    await expect.poll(() => view.locator('[role="row"]').count()).toBe(2);
    await view.locator('[role="row"]').nth(1).click();
    await view.getByRole('tab', { name: 'Lines' }).click();
    await expect.poll(() => view.locator('.traceline').count()).toBe(4);
    if (isPictured) await takePictures(view, 'console-trace', 420);
  });

  it('console-overview: requests as exemplars', async () => {
    await view.goto(service.consoleUrl);
    await view.locator('.mark:visible', { hasText: '◇' }).first().waitFor();
    if (isPictured) await takePictures(view, 'console-overview', 560);
  });

  it('prometheus-rate: the panel’s expression selects the route, and its exemplar is the request', async () => {
    const [rate] = exact.filter(({ place }) => place.startsWith('Products: requests / By route / Rate / '));
    if (rate === undefined) throw new Error('the panel of the page is gone');
    await eventually(async () => {
      const series = await prometheus.query(rate.promql);
      expect(series.map(({ metric }) => metric['path'])).toContain('/products/:id');
      const exemplars = await prometheus.queryExemplars('http_request_duration_seconds_bucket');
      expect(JSON.stringify(exemplars)).toContain(id);
    });
    if (!isPictured) return;
    const graph = { 'g0.expr': rate.promql, 'g0.tab': '0', 'g0.range_input': '2m' };
    await view.goto(`${prometheus.url}/classic/graph?${new URLSearchParams(graph)}`);
    await view.locator('.rickshaw_graph path').first().waitFor();
    await takePicture(view, 'prometheus-rate', 900);
  });
});
