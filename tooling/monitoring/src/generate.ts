// pnpm generate: writes dashboards, rules and their tests into deploy, the telemetry reference and the log's schema into docs.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generatedFolders, renderFiles } from './files.js';

const repository = path.resolve(import.meta.dirname, '../../..');

// Files that are no longer generated go.
for (const folder of generatedFolders) rmSync(path.join(repository, folder), { recursive: true, force: true });
for (const [name, content] of renderFiles()) {
  const file = path.join(repository, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}
