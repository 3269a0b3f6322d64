import { chromium } from 'playwright-core';
import { expect, it } from 'vitest';
import { run, urlOf } from '../backend.js';

it('/docs shows every route in a browser, and asks nothing of any other host', async () => {
  const running = run({ DATABASE_URL: 'postgresql://x:x@127.0.0.1:1/x' });
  const url = await urlOf(running);
  const browser = await chromium.launch({
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
