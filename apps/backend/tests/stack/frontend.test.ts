// A frontend as its developers make it: outside of the workspace, with npm, Vite and TanStack Query, on an origin of its own.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '@products/programs';
import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Backend, startBackend } from '../backend.js';

const root = path.resolve(import.meta.dirname, '../../../..');
const folder = mkdtempSync(path.join(tmpdir(), 'products-frontend-'));

let service: Backend;
let site: Server;
beforeAll(async () => {
  service = await startBackend();
  cpSync(path.join(import.meta.dirname, 'frontend'), folder, { recursive: true });
  const { catalog } = parse(readFileSync(path.join(root, 'pnpm-workspace.yaml'), 'utf8'));
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  for (const name of Object.keys(manifest.dependencies)) manifest.dependencies[name] = catalog[name];
  for (const name of ['api-contract', 'client']) {
    // Not built again: its `dist` is emptied meanwhile, under other tests.
    await run('pnpm', ['pack', '--config.ignore-scripts=true', '--pack-destination', folder], {
      cwd: path.join(root, 'packages', name),
    });
    manifest.dependencies[`@products/${name}`] = `file:products-${name}-1.0.0.tgz`;
  }
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: folder });
  await run('npx', ['vite', 'build'], { cwd: folder });
}, 180_000);
afterAll(async () => {
  site?.close();
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('has the types of every call, and nothing of the server', async () => {
  await run('npx', ['tsc', '--noEmit'], { cwd: folder });
  const installed = readdirSync(path.join(folder, 'node_modules'));
  for (const name of ['express', 'pg', 'drizzle-orm', '@opentelemetry']) expect(installed).not.toContain(name);
});

/** The built files, on another origin than the API's. */
async function serve(): Promise<string> {
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };
  site = createServer(({ url = '/' }, response) => {
    const [name] = url.split('?');
    const file = path.join(folder, 'dist', name === '/' ? 'index.html' : String(name));
    if (!existsSync(file)) return response.writeHead(404).end();
    return response.setHeader('Content-Type', types[path.extname(file)] ?? '').end(readFileSync(file));
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
}

async function withPage(use: (page: Page) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    await use(await browser.newPage());
  } finally {
    await browser.close();
  }
}

it('pages, streams, creates, and shows field errors with their trace', async () => {
  const origin = await serve();
  await withPage(async (page) => {
    await page.goto(`${origin}/?api=${service.url}`);
    await expect.poll(() => page.locator('li').count()).toBe(4);
    expect(await page.locator('li').first().textContent()).toMatch(/^MacBook Pro 16" \d{4}-.*Z$/);
    await page.getByRole('button', { name: 'More' }).click();
    await expect.poll(() => page.locator('li').count()).toBe(8);
    await expect.poll(() => page.locator('#all').textContent()).toBe('10 in all');

    await page.getByRole('button', { name: 'Create' }).click();
    await expect.poll(() => page.locator('.issue').count()).toBe(2);
    expect(await page.locator('.issue').first().textContent()).toMatch(/^name: /);
    const traceId = await page.locator('#trace').textContent();
    const line = await service.waitForLine('Requête complétée: POST /trpc/products.create');
    expect(line['trace_id']).toBe(traceId);

    await page.locator('[name=name]').fill('Clavier');
    await page.locator('[name=price]').fill('49.9');
    await page.getByRole('button', { name: 'Create' }).click();
    await expect.poll(() => page.locator('#created').textContent()).toBe('11');
    // The lists are read again by themselves.
    await expect.poll(() => page.locator('#all').textContent()).toBe('11 in all');
  });
});
