// `npm test`: tests every package through turbo, and prints the files that took longest.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { TIMES } from './times-reporter.mjs';

const FILES_MAX = 10;

const turbo = spawn('turbo', ['run', 'test', ...process.argv.slice(2)], { stdio: 'inherit' });
// Ctrl-C reaches turbo by itself.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => turbo.kill('SIGTERM'));
const [status] = await once(turbo, 'exit');

const files = globSync(`{apps,packages,tooling}/*/${TIMES}`).flatMap((times) =>
  JSON.parse(readFileSync(times, 'utf8')),
);
const slowest = files.toSorted((one, other) => other.ms - one.ms).slice(0, FILES_MAX);
process.stdout.write(`The slowest of ${files.length} test files; a cached package shows its last run:\n`);
for (const { file, ms } of slowest) process.stdout.write(`${(ms / 1_000).toFixed(1).padStart(7)} s  ${file}\n`);
process.exitCode = status ?? 1;
