// The image's HEALTHCHECK: is the process live? A program, since the image has no curl.
import { get } from 'node:http';

const TIMEOUT_MS = 2_000;

// biome-ignore lint/style/noProcessEnv: this file is the edge of the health check.
const { HOST, PORT } = process.env;
const request = get({ host: HOST || '127.0.0.1', port: PORT || 5_000, path: '/livez', timeout: TIMEOUT_MS });
request.on('response', ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1));
request.on('timeout', () => request.destroy(new Error('timed out')));
request.on('error', ({ message }) => {
  process.stderr.write(`/livez: ${message}\n`);
  process.exit(1);
});
