// What the page says when there is nothing, when something is lost, and when someone has stopped; in both languages.
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, it } from 'vitest';
import { sendPacket, start } from '../running-console.js';

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
});
afterAll(() => browser?.close());

const pages: Page[] = [];
afterEach(async () => {
  for (const page of pages.splice(0)) await page.close();
});

async function open(url: string, options: BrowserContextOptions = { locale: 'en' }): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
  pages.push(page);
  await page.goto(url);
  return page;
}

it('nothing received: what would fill it, with a command to copy', async () => {
  const { url, console } = await start();
  console.observe({ state: 'up', url: 'http://127.0.0.1:1', startedAt: Date.now() });
  for (const target of ['/', '/traces', '/logs']) {
    const page = await open(url + target);
    await page.getByText('Nothing received yet. Make a request:').waitFor();
    await page.getByText('curl http://127.0.0.1:1/products').waitFor();
  }
  const french = await open(url, { locale: 'fr' });
  await french.getByText('Rien reçu pour l’instant. Faites une requête :').waitFor();
});

it('a packet that cannot be read, lines that did not come through, metrics that cannot be had', async () => {
  const { url, console, portOf } = await start();
  const page = await open(url);
  await sendPacket(portOf.compact, Buffer.from('hello'));
  await page.getByText(/1 could not be read: a packet of 5 bytes to the agent/).waitFor();
  console.countDropped(12_431);
  await page.getByText('12,431 lines dropped.').waitFor();
  console.observe({ state: 'up', url: 'http://127.0.0.1:1' });
  await page.getByText(/http:\/\/127\.0\.0\.1:1\/metrics: /).waitFor();
});

it('a service that has stopped, with its code; a console that has', async () => {
  const { url, console, close } = await start();
  console.observe({ state: 'starting' });
  const page = await open(`${url}/traces`);
  await page.getByText('starting').waitFor();
  console.observe({ state: 'stopped', stoppedAt: Date.now(), code: '3' });
  await page.getByText(/Service stopped \(code 3\) at \d\d:\d\d:\d\d\./).waitFor();
  await close();
  await page.getByText(/Console stopped\. Frozen at \d\d:\d\d:\d\d, retrying\./).waitFor();
});
