// The page under its largest loads: a trace of 2,000 spans, 100,000 lines. Figures are printed; what is held is bounded.
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Status } from '../../src/serve/router.js';
import { askRouter, start } from '../running-console.js';

const SPANS = 2_000;
const LINES = 100_000;

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
});
afterAll(() => browser?.close());

const id = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

/** A tree of spans, five children each. */
function createTrace(traceId: string) {
  const now = Date.now() * 1_000;
  const spans = Array.from({ length: SPANS }, (_, index) => ({
    traceId,
    spanId: id(index + 1, 16),
    ...(index > 0 && { parentSpanId: id(Math.floor((index - 1) / 5) + 1, 16) }),
    name: `span ${index % 7}`,
    kind: index === 0 ? 2 : 1,
    startTimeUnixNano: `${now + index * 10}000`,
    endTimeUnixNano: `${now + index * 10 + 40_000}000`,
  }));
  const attributes = [{ key: 'service.name', value: { stringValue: 'load' } }];
  return { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] };
}

/** The longest of the frames while the page does something, in milliseconds. */
async function longestFrame(page: Page, act: () => Promise<void>): Promise<number> {
  await page.evaluate(
    'window.frames_ = []; window.last_ = performance.now(); (function next() { const now = performance.now(); frames_.push(now - last_); last_ = now; requestAnimationFrame(next); })()',
  );
  await act();
  return page.evaluate<number>('Math.max(...frames_.slice(1))');
}

it(`a trace of ${SPANS} spans opens, and scrolls, with few of its rows in the page`, async () => {
  const { url } = await start();
  const traceId = 'a'.repeat(32);
  await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(createTrace(traceId)),
  });
  await expect.poll(async () => (await askRouter<Status>(url, 'status')).counts.spans).toBe(SPANS);
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(`${url}/traces`);
  const link = page.locator(`a[href^="/trace/${traceId}"]`);
  await link.waitFor();
  const opened = await page.evaluate<number>(`new Promise((resolve) => {
    const startedAt = performance.now();
    new MutationObserver((_, observer) => {
      if (document.querySelectorAll('[role="row"]').length < 20) return;
      observer.disconnect();
      requestAnimationFrame(() => resolve(performance.now() - startedAt));
    }).observe(document.body, { childList: true, subtree: true });
    document.querySelector('a[href^="/trace/${traceId}"]').click();
  })`);
  expect(await page.locator('[role="treegrid"]').getAttribute('aria-rowcount')).toBe(String(SPANS));
  const frame = await longestFrame(page, async () => {
    await page.locator('.scroll').hover();
    for (let step = 0; step < 40; step += 1) await page.mouse.wheel(0, 700);
    await page.keyboard.press('End');
    await page.waitForTimeout(200);
  });
  expect(await page.locator('[role="row"]').count()).toBeLessThanOrEqual(120);
  process.stdout.write(
    `  ${SPANS} spans: open after ${opened.toFixed(0)} ms, longest frame of scrolling ${frame.toFixed(0)} ms\n`,
  );
  await page.close();
});

it(`${LINES} lines are scrolled through, and found, with few of them in the page`, async () => {
  const { url, console } = await start();
  for (let index = 0; index < LINES; index += 1) {
    console.takeText(
      JSON.stringify({ level: 'INFO', time: Date.now(), service: 'load', message: `line ${index}`, index }),
    );
    if (index % 5_000 === 0) await new Promise((resolve) => setTimeout(resolve, 150));
  }
  await expect.poll(async () => (await askRouter<Status>(url, 'status')).counts.lines).toBe(LINES);
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(`${url}/logs`);
  await expect.poll(() => page.locator('.line').last().textContent()).toContain(`line ${LINES - 1}`);
  const frame = await longestFrame(page, async () => {
    await page.locator('.lines').hover();
    for (let step = 0; step < 60; step += 1) {
      await page.mouse.wheel(0, -2_000);
      await page.waitForTimeout(20);
    }
  });
  expect(await page.locator('.line').count()).toBeLessThanOrEqual(120);
  const startedAt = performance.now();
  await page.locator('[data-search]').fill('line 77777');
  await expect.poll(() => page.locator('.line').allTextContents()).toEqual([expect.stringContaining('line 77777')]);
  const found = performance.now() - startedAt;
  process.stdout.write(
    `  ${LINES} lines: longest frame of scrolling ${frame.toFixed(0)} ms, one found after ${found.toFixed(0)} ms\n`,
  );
  await page.close();
});
