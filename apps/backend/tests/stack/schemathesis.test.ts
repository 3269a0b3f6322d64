// Schemathesis, all of its checks, on the document that the service serves: it finds nothing but the promised 500 of /error.
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installPython, run } from '@products/programs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Backend, startBackend } from '../backend.js';
import { inGateOrSoak, report, SOAK_TIMEOUT_MS } from '../soak.js';

/** Of each of two runs; how many it comes to is up to the seed. */
const CASES_MIN = 1_500;
const settings = path.join(import.meta.dirname, 'schemathesis/schemathesis.toml');
const hooks = path.join(import.meta.dirname, 'schemathesis/hooks.py');
const usual = ['--checks=all', '--workers=1'];
/** Of an operation in one phase. */
const EXAMPLES = inGateOrSoak(350, 2_500);

let python: string;
let service: Backend;
let folder: string;
beforeAll(async () => {
  python = await installPython('schemathesis', path.join(import.meta.dirname, 'schemathesis/requirements.txt'));
  service = await startBackend({ SLOW_ENDPOINT_DELAY: '0' });
  // It keeps what it has generated in its folder.
  folder = mkdtempSync(path.join(tmpdir(), 'products-schemathesis-'));
}, 300_000);
afterAll(async () => {
  await service?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

/** Runs it on a part of the document. Resolves with what it prints; a finding ends it with an error that shows it. */
function schemathesis(...parameters: string[]): Promise<string> {
  const document = `${service.url}/openapi.json`;
  return run(
    python,
    ['-m', 'schemathesis.cli', `--config-file=${settings}`, '--no-color', 'run', document, ...usual, ...parameters],
    { cwd: folder, env: { SCHEMATHESIS_HOOKS: hooks } },
  );
}

it.each([
  ['a fixed', 20_261_127],
  ['a fresh', randomInt(2 ** 31)],
])(
  'answers generated requests as documented, also those that follow Location and Link, with %s seed: %i',
  async (_, seed) => {
    const printed = await schemathesis(`--seed=${seed}`, `--max-examples=${EXAMPLES}`, '--exclude-path=/error');
    const cases = Number(/(\d+) generated/.exec(printed)?.[1]);
    const [, links = ''] = /API Links: +(.+)/.exec(printed) ?? [];
    report(`seed ${seed}: ${cases} cases, no finding; links: ${links}`);
    expect(cases).toBeGreaterThan(CASES_MIN);
    const [, covered, selected] = /^(\d+) covered \/ (\d+) selected/.exec(links) ?? [];
    expect(Number(selected)).toBeGreaterThanOrEqual(2);
    // An operation that removes what a link leads to can come first.
    expect(Number(covered)).toBeGreaterThanOrEqual(Number(selected) - 2);
  },
  SOAK_TIMEOUT_MS,
);

it('answers /error as documented, apart from being an error', async () => {
  await schemathesis('--include-path=/error', '--phases=coverage,fuzzing', '--exclude-checks=not_a_server_error');
});
