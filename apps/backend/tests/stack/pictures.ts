import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';

const folder = path.resolve(import.meta.dirname, '../../../../docs/images');

/** A picture of the page in `docs/images`, with a palette of 256 colours: a quarter of its size. */
export async function takePicture(page: Page, name: string, height: number): Promise<void> {
  await page.setViewportSize({ width: 1_200, height });
  // Charts are drawn anew, and the pointer is nowhere.
  await page.mouse.move(0, 0);
  await page.waitForTimeout(1_000);
  const input = await page.screenshot();
  const { status, stdout, stderr, error } = spawnSync('pngquant', ['--speed=1', '--strip', '-'], { input });
  if (status !== 0) throw error ?? new Error(`pngquant: ${stderr}`);
  writeFileSync(path.join(folder, `${name}.png`), stdout);
}

/** The page in both colour schemes. */
export async function takePictures(page: Page, name: string, height: number): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await takePicture(page, `${name}-${colorScheme}`, height);
  }
}
