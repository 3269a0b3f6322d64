// pnpm generate: writes docs/telemetry-reference.md.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderReference } from './reference.js';

writeFileSync(path.resolve(import.meta.dirname, '../../../docs/telemetry-reference.md'), renderReference());
