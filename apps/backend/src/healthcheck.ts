// The image's HEALTHCHECK: is the process live? A program, since the image has no curl.
import { get } from 'node:http';
import { parseEnvironment } from '@products/environment';
import { addressEnvironment, localAddressOf } from './listen-address.js';

const TIMEOUT_MS = 2_000;

// biome-ignore lint/style/noProcessEnv: this file is the edge of the health check.
const { HOST, PORT } = parseEnvironment(addressEnvironment, process.env).values;
const request = get({ host: localAddressOf(HOST), port: PORT, path: '/livez', timeout: TIMEOUT_MS });
request.on('response', ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1));
request.on('timeout', () => request.destroy(new Error('timed out')));
request.on('error', ({ message }) => {
  process.stderr.write(`/livez: ${message}\n`);
  process.exit(1);
});
