import { chromium } from 'playwright-core';
import { expect, it } from 'vitest';
import { run, startOnSamples, urlOf } from '../backend.js';

const launchBrowser = () =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

it('/docs shows every route in a browser, and asks nothing of any other host', async () => {
  const running = run({ DATABASE_URL: 'postgresql://x:x@127.0.0.1:1/x' });
  const url = await urlOf(running);
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const requested: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requested.push(request.url()));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${url}/docs`);
    await page.waitForSelector('.opblock');
    const routes = await page.locator('.opblock-summary-path').allTextContents();
    expect(routes.map((route) => route.replaceAll('\u200b', ''))).toEqual(
      expect.arrayContaining([
        '/products',
        '/products/{id}',
        '/slow',
        '/error',
        '/health',
        '/metrics',
        '/livez',
        '/readyz',
      ]),
    );
    await page.locator('.opblock-post .opblock-summary-control').click();
    await page.waitForSelector('.opblock-body');
    expect(complaints).toEqual([]);
    expect(requested.filter((address) => !address.startsWith(`${url}/`) && !address.startsWith('data:'))).toEqual([]);
  } finally {
    await browser.close();
    await running.stop();
  }
});

it.each([
  ['en-GB', 'Every error is JSON', 'Trace: '],
  ['fr-FR', 'Toute erreur est en JSON', 'Trace\u{a0}: '],
])('/docs in %s explains the API and links the trace of an answer that was tried', async (locale, text, label) => {
  await using service = await startOnSamples({ TRACE_URL: 'https://jaeger.example/trace/{trace_id}' });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ locale });
    await page.goto(`${service.url}/docs`);
    await page.locator('.info', { hasText: text }).waitFor();
    const operation = page.locator('.opblock-get', { has: page.locator('[data-path="/products/{id}"]') });
    await operation.locator('.opblock-summary-control').click();
    await operation.locator('.try-out__btn').click();
    await operation.locator('.opblock-body input').first().fill('999');
    const answered = page.waitForResponse(`${service.url}/products/999`);
    await operation.locator('.btn.execute').click();
    const [, traceId] = ((await (await answered).headerValue('traceresponse')) ?? '').split('-');
    const link = operation.locator('.trace-link');
    expect(await link.textContent()).toBe(traceId);
    expect(await link.locator('..').textContent()).toBe(`${label}${traceId}`);
    expect(await link.getAttribute('href')).toBe(`https://jaeger.example/trace/${traceId}`);
  } finally {
    await browser.close();
  }
});
