import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const manifest: { readonly version: string } = require('../package.json');

/** Of the service, whose packages all have the same: `1.0.0`. */
export const { version } = manifest;
