// The console in a browser, beside the real service: from a click to its trace, its lines and the metric that it moved.
import { readFileSync } from 'node:fs';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../eventually.js';
import { launchBrowser, type ObservedService, startObservedService } from './observed-service.js';

let service: ObservedService;
let browser: Browser;
let serviceUrl: string;
let consoleUrl: string;

beforeAll(async () => {
  service = await startObservedService();
  ({ url: serviceUrl, consoleUrl } = service);
  browser = await launchBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

let page: Page;
/** What the page's own console says: an error, or a policy that was broken. */
let complaints: string[];
beforeEach(async () => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en' });
  page = await context.newPage();
  complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // An answer that is an error is one of the things that are looked at.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  return async () => {
    await context.close();
    expect(complaints).toEqual([]);
  };
});

async function callService(target: string, init?: RequestInit): Promise<string> {
  const response = await fetch(serviceUrl + target, init);
  await response.arrayBuffer();
  return response.headers.get('traceresponse')?.split('-')[1] ?? '';
}

const rowNames = () => page.locator('[role="row"] .name').allTextContents();
/** The trace page of the link that is clicked, once it has so many spans. */
async function expectRows(names: readonly string[]): Promise<void> {
  await expect.poll(rowNames, { timeout: 15_000 }).toEqual(names);
}

describe('a trace', () => {
  it('of a request is found in the list, and shows its spans, their attributes and its lines', async () => {
    const id = await callService('/products/1');
    await page.goto(`${consoleUrl}/traces`);
    await page.locator(`a[href^="/trace/${id}"]`).click();
    await expectRows(['GET /products/:id', 'db_query_product_by_id']);
    await page.locator('[role="row"]').nth(1).click();
    await expect.poll(() => page.locator('.side dd').allTextContents()).toContain('postgresql');
    await page.getByRole('tab', { name: 'Lines' }).click();
    const lines = await page.locator('.traceline').allTextContents();
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^[+−][\d.]+ ms INFORequête reçue: GET \/products\/1/);
    expect(await page.locator('.tick').count()).toBe(4);
  });

  it('that failed is red by word and shape, and has its stack', async () => {
    const id = await callService('/error');
    await page.goto(`${consoleUrl}/trace/${id}`);
    await expectRows(['GET /error']);
    await page.keyboard.press('e');
    expect(await page.locator('[role="row"][aria-selected="true"] .time').textContent()).toMatch(/^✕ /);
    await expect.poll(() => page.locator('.side pre').first().textContent()).toMatch(/Error.*\n\s+at /);
  });

  it('is walked by keys', async () => {
    const batch = '/trpc/products.list,health.check?batch=1&input=%7B%7D';
    const id = await callService(batch);
    await page.goto(`${consoleUrl}/trace/${id}`);
    await expect.poll(async () => (await rowNames()).length).toBe(5);
    await page.locator('[role="row"][tabindex="0"]').focus();
    const focused = () => page.evaluate('document.activeElement.getAttribute("aria-label")');
    await page.keyboard.press('ArrowDown');
    await expect.poll(focused).toMatch(/^(?:products\.list|health\.check)/);
    await page.keyboard.press('ArrowLeft');
    await expect.poll(async () => (await rowNames()).length).toBe(4);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('End');
    await expect.poll(focused).toMatch(/^db_/);
    await page.keyboard.press('Home');
    await expect.poll(focused).toMatch(/^\/trpc/);
  });

  it('that was never received says so, and the way back', async () => {
    await page.goto(`${consoleUrl}/trace/${'f'.repeat(32)}`);
    await page.getByText('never received, or removed').waitFor();
    await page.getByRole('link', { name: 'Back to traces' }).click();
    await expect.poll(() => page.url()).toBe(`${consoleUrl}/traces`);
  });

  it('side by side with another shows what one has more', async () => {
    const one = await callService('/products/1');
    const other = await callService(
      '/trpc/products.byId,products.byId?batch=1&input=%7B%220%22%3A%7B%22id%22%3A1%7D%2C%221%22%3A%7B%22id%22%3A2%7D%7D',
    );
    await page.goto(`${consoleUrl}/trace/${other}`);
    await expect.poll(async () => (await rowNames()).length).toBe(5);
    await page.goto(`${consoleUrl}/compare?a="${one}"&b="${other}"`);
    await page.getByText('+2 products.byId').waitFor();
  });
});

describe('a trace of which one thing is missing', () => {
  /** Spans by OTLP, each with its name, its parent, and when it started and ended, in milliseconds from now. */
  async function sendSpans(traceId: string, spans: readonly [string, string, string, number, number][]): Promise<void> {
    const now = Date.now();
    const nanoseconds = (ms: number) => `${now + ms}000000`;
    const encoded = spans.map(([spanId, parentSpanId, name, from, to]) => {
      const times = { startTimeUnixNano: nanoseconds(from), endTimeUnixNano: nanoseconds(to) };
      return { traceId, spanId: spanId.repeat(16), parentSpanId: parentSpanId.repeat(16), name, kind: 2, ...times };
    });
    const sent = await fetch(`${consoleUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: encoded }] }] }),
    });
    expect(sent.status).toBe(200);
  }

  it('a parent: it may still arrive, and after ten seconds it will not', async () => {
    const traceId = 'ab01'.repeat(8);
    await sendSpans(traceId, [['1', '2', 'child', -20, -5]]);
    await page.goto(`${consoleUrl}/trace/${traceId}`);
    await expectRows(['parent 22222222 not received', 'child']);
    const hope = () => page.locator('[role="row"]').first().locator('.time').textContent();
    expect(await hope()).toBe('may still arrive');
    await page.getByText('arriving · 1 spans').waitFor();
    expect(await page.locator('.bar-span.open').count()).toBe(1);
    await expect.poll(hope, { timeout: 15_000 }).toBe('will not arrive');
    expect(await page.getByText('arriving').count()).toBe(0);
    expect(await page.locator('.bar-span.open').count()).toBe(0);
  });

  it('time: what nothing ran in is folded', async () => {
    const traceId = 'ab02'.repeat(8);
    await sendSpans(traceId, [
      ['1', '', 'before', -64_010, -64_000],
      ['2', '1', 'after', -10, 0],
    ]);
    await page.goto(`${consoleUrl}/trace/${traceId}`);
    await expectRows(['before', 'after']);
    expect(await page.locator('.fold-mark').textContent()).toMatch(/^\/\/ 1\smin\s04\ss$/);
    const widths = await page.locator('.bar-span').evaluateAll((bars) => bars.map((bar) => bar.clientWidth));
    expect(Math.min(...widths)).toBeGreaterThan(100);
  });
});

it('a trace is panned by Shift and arrows when one is in it, and Esc leads back: to the row, then to the list', async () => {
  const id = await callService('/products/1');
  await page.goto(`${consoleUrl}/traces`);
  await page.locator(`a[href^="/trace/${id}"]`).click();
  await expectRows(['GET /products/:id', 'db_query_product_by_id']);
  await page.locator('[role="row"]').first().click();
  await page.locator('[role="row"]').first().focus();
  await page.keyboard.press('+');
  const firstTick = () => page.locator('.axis .ticks span').first().textContent();
  const zoomed = await firstTick();
  await page.keyboard.press('Shift+ArrowLeft');
  await expect.poll(firstTick).not.toBe(zoomed);
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(firstTick).toBe(zoomed);
  await page.keyboard.press('Enter');
  await expect.poll(() => page.evaluate('document.activeElement.getAttribute("role")')).toBe('tab');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.locator('.traceline').nth(2).hover();
  await expect.poll(() => page.locator('.hairline').count()).toBe(1);
  expect(await page.locator('.row.linked .name').textContent()).toBe('db_query_product_by_id');
  await page.locator('.traceline').first().focus();
  await page.keyboard.press('Escape');
  await expect.poll(() => page.evaluate('document.activeElement.getAttribute("role")')).toBe('row');
  await page.keyboard.press('Escape');
  await expect.poll(() => page.url()).toBe(`${consoleUrl}/traces`);
});

it('the keys are explained, and the explanation ends with Esc', async () => {
  await page.goto(`${consoleUrl}/traces`);
  await page.getByRole('link', { name: 'Overview' }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
  expect(page.url()).toBe(`${consoleUrl}/traces`);
});

describe('a call of the Products page', () => {
  it('is a trace that begins with the click: the browser’s span, the server’s, the statement, with their lines', async () => {
    await page.goto(`${consoleUrl}/products?new=true`);
    await page.locator('[name=name]').fill('Né d’un clic');
    await page.locator('[name=price]').fill('12,5');
    await page.locator('[name=category]').fill('Essai');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name: 'Né d’un clic' }).waitFor();
    await page.locator('.call', { hasText: 'products.create' }).click();
    await expectRows(['products.create', 'products.create', 'db_insert_product']);
    expect(await page.locator('[role="row"] .tag').allTextContents()).toEqual(['rpc', 'http', 'sql']);
    await page.keyboard.press('l');
    await expect
      .poll(() => page.locator('.lrow').allTextContents())
      .toContainEqual(expect.stringContaining('Requête complétée: POST /trpc/products.create'));
  });

  it('lists the products of a text, in an order; what is chosen leaves them so', async () => {
    await page.goto(`${consoleUrl}/products`);
    await page.getByLabel('Text in names').fill('pro');
    await page.getByLabel('Order').selectOption('-price');
    const names = () => page.locator('.columns tbody .main').allTextContents();
    await expect.poll(names).toEqual(['MacBook Pro 16"', 'iPhone 15 Pro', 'AirPods Pro']);
    await page.getByRole('link', { name: 'iPhone 15 Pro' }).click();
    await page.getByRole('heading', { name: 'iPhone 15 Pro' }).waitFor();
    expect(page.url()).toBe(`${consoleUrl}/products?q=pro&sort=-price&product=2`);
    expect(await names()).toHaveLength(3);
  });

  it('that changes a product, and one that removes it, are traces too', async () => {
    const created = await fetch(`${serviceUrl}/products`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: 'À changer', price: 3, category: 'Essai' }),
    });
    const { id } = (await created.json()) as { id: number };
    await page.goto(`${consoleUrl}/products?product=${id}`);
    await page.getByRole('button', { name: 'Change' }).click();
    await page.locator('[name=name]').fill('Changé');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Changé' }).waitFor();
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.locator('.call', { hasText: 'products.delete' }).waitFor();
    expect((await fetch(`${serviceUrl}/products/${id}`)).status).toBe(404);
    await page.locator('.call', { hasText: 'products.update' }).click();
    await expectRows(['products.update', 'products.update', 'db_update_product']);
  });

  it('that comes after another one’s change is refused, and changes nothing', async () => {
    const body = JSON.stringify({ name: 'À deux', price: 3, category: 'Essai' });
    const headers = { 'Content-Type': 'application/json' };
    const created = await fetch(`${serviceUrl}/products`, { method: 'POST', headers, body });
    const { id } = (await created.json()) as { id: number };
    await page.goto(`${consoleUrl}/products?product=${id}`);
    await page.getByRole('button', { name: 'Change' }).click();
    await fetch(`${serviceUrl}/products/${id}`, { method: 'PATCH', headers, body: '{"price":4}' });
    await page.locator('[name=name]').fill('Perdu');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').getByText('Changed by someone else meanwhile').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('dd').getByText('4', { exact: true }).waitFor();
    expect(await (await fetch(`${serviceUrl}/products/${id}`)).json()).toMatchObject({ name: 'À deux', price: 4 });
  });

  it('that is refused shows the errors by field, and leads to its trace', async () => {
    await page.goto(`${consoleUrl}/products?new=true`);
    await page.getByRole('button', { name: 'Create' }).click();
    await expect.poll(() => page.locator('[aria-invalid="true"]').count()).toBe(3);
    expect(await page.locator('#price-problem').textContent()).toContain('attendu un nombre fini supérieur à 0');
    await page.locator('form').getByRole('link').click();
    await expectRows(['products.create', 'products.create']);
  });

  it('of /error and of all products', async () => {
    await page.goto(`${consoleUrl}/products`);
    await page.getByRole('button', { name: '/error' }).click();
    await page.getByRole('alert').getByRole('link').waitFor();
    await page.getByRole('button', { name: 'All' }).click();
    await expect.poll(() => page.getByRole('button', { name: /^All \d+$/ }).count()).toBe(1);
  });
});

it('an exemplar on the latency chart opens the trace of its request', async () => {
  await page.goto(consoleUrl);
  const ids = new Set<string>();
  const mark = page.locator('.mark:visible', { hasText: '◇' }).first();
  await eventually(async () => {
    ids.add(await callService('/products?limit=1'));
    expect(await mark.count()).toBeGreaterThan(0);
  });
  await mark.click();
  await expect.poll(() => page.url()).toMatch(/\/trace\/[0-9a-f]{32}/);
  await expect.poll(async () => (await rowNames()).length).toBeGreaterThan(0);
});

it('charts take the colours of a theme that is chosen while they are shown', async () => {
  /** The colour that most of a chart has. */
  const inked = () =>
    page.evaluate<string>(`(() => {
      const canvas = document.querySelector('.uplot canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const counts = {};
      for (let at = 0; at < data.length; at += 4)
        if (data[at + 3] === 255) counts[data.slice(at, at + 3)] = (counts[data.slice(at, at + 3)] ?? 0) + 1;
      return Object.entries(counts).sort(([, one], [, other]) => other - one)[0]?.[0] ?? '';
    })()`);
  await page.goto(consoleUrl);
  await expect.poll(inked).not.toBe('');
  const light = await inked();
  await page.getByRole('button', { name: 'Theme' }).click();
  await expect.poll(inked).not.toBe(light);
  const chosen = await inked();
  await page.reload();
  await page.locator('.uplot canvas').first().waitFor();
  await expect.poll(inked).toBe(chosen);
});

it('lines come as they are written, are paused by scrolling up, and lead to their trace', async () => {
  for (let index = 0; index < 40; index += 1) await callService('/products/2');
  await page.goto(`${consoleUrl}/logs`);
  const lastLine = () => page.locator('.line').last().textContent();
  await expect.poll(lastLine).toContain('Requête complétée: GET /products/2');
  await callService('/products/3');
  await expect.poll(lastLine).toContain('Requête complétée: GET /products/3');

  await page.locator('.lines').hover();
  await page.mouse.wheel(0, -600);
  await page.getByText('Paused').last().waitFor();
  const firstShown = await page.locator('.line').first().textContent();
  await callService('/products/4');
  await page.getByText(/new lines/).waitFor();
  expect(await page.locator('.line').first().textContent()).toBe(firstShown);
  await page.keyboard.press('End');
  await expect.poll(lastLine).toContain('GET /products/4');
  await page.locator('.line a').last().click();
  await expectRows(['GET /products/:id', 'db_query_product_by_id']);
});

it('names and values are shown as text, whatever is in them', async () => {
  const traceId = 'bad0'.repeat(8);
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const html = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
  const time = `${Date.now()}000000`;
  const span = {
    traceId,
    spanId: '00000000000000aa',
    name: html,
    kind: 2,
    startTimeUnixNano: time,
    endTimeUnixNano: time,
    attributes: [attribute(html, html), attribute('http.url', 'javascript:alert(1)')],
  };
  const resourceSpans = [
    { resource: { attributes: [attribute('service.name', html)] }, scopeSpans: [{ spans: [span] }] },
  ];
  const body = JSON.stringify({ resourceSpans });
  const sent = await fetch(`${consoleUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
  });
  expect(sent.status).toBe(200);
  await page.goto(`${consoleUrl}/trace/${traceId}`);
  await expectRows([html]);
  await expect.poll(() => page.locator('.side dd').allTextContents()).toContain(html);
  await page.goto(`${consoleUrl}/traces`);
  await page.getByRole('link', { name: html }).waitFor();
  expect(await page.evaluate('window.hacked')).toBeUndefined();
});

it('a console that was killed comes back with all it had', async () => {
  const id = await callService('/products/5');
  await page.goto(`${consoleUrl}/trace/${id}`);
  await expectRows(['GET /products/:id', 'db_query_product_by_id']);
  const { pid } = service.runner;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  const receiver = children.find((each) => readFileSync(`/proc/${each}/cmdline`, 'utf8').includes('\0receive\0'));
  process.kill(Number(receiver), 'SIGKILL');
  await eventually(async () => expect((await fetch(consoleUrl)).status).toBe(200));
  await page.reload();
  await expectRows(['GET /products/:id', 'db_query_product_by_id']);
  expect(await callService('/products/6')).toMatch(/^[0-9a-f]{32}$/);
});

describe.each([
  ['light', 1440],
  ['dark', 1440],
  ['light', 390],
  ['dark', 390],
] as const)('%s, %i px wide', (colorScheme, width) => {
  it('has no violation that axe knows, and no page that scrolls sideways', async () => {
    const id = await callService('/trpc/products.list,products.byId?batch=1&input=%7B%221%22%3A%7B%22id%22%3A1%7D%7D');
    const context = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 900 }, colorScheme });
    const view = await context.newPage();
    for (const [name, target, content] of [
      ['overview', '/', 'table'],
      ['traces', '/traces', 'table'],
      ['trace', `/trace/${id}`, '[role="row"]'],
      ['logs', '/logs', '.line'],
      ['products', '/products?new=true', 'form'],
    ] as const) {
      await view.goto(consoleUrl + target);
      await view.locator(`main ${content}`).first().waitFor();
      await view.waitForTimeout(700);
      // Set beside the policy, which has no room for a test's script.
      const session = await context.newCDPSession(view);
      await session.send('Runtime.evaluate', { expression: axe.source });
      const { violations } = await view.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
        'axe.run({ resultTypes: ["violations"] })',
      );
      expect(violations.map(({ id: rule, nodes }) => `${name}: ${rule}: ${nodes[0]?.html}`)).toEqual([]);
      expect(await view.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }
    await context.close();
  });
});
