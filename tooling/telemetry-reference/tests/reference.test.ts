import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { renderReference } from '../src/reference.js';

it('docs/telemetry-reference.md says what the contract says; if not, run pnpm generate', () => {
  const file = path.resolve(import.meta.dirname, '../../../docs/telemetry-reference.md');
  expect(readFileSync(file, 'utf8')).toBe(renderReference());
});
