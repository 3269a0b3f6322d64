import { spawn } from 'node:child_process';
import path from 'node:path';
import { follow, type RunningProcess } from './backend.js';

/** A service that may open 120 files. */
export function runWithFewFiles(databaseUrl: string): RunningProcess {
  // biome-ignore lint/style/noProcessEnv: the Node.js that runs the tests runs the service.
  const { PATH } = process.env;
  const child = spawn('bash', ['-c', 'ulimit -n 120 && exec node --import @products/telemetry/register dist/main.js'], {
    cwd: path.resolve(import.meta.dirname, '..'),
    env: {
      PATH,
      DATABASE_URL: databaseUrl,
      JAEGER_AGENT_HOST: '127.0.0.1',
      HOST: '127.0.0.1',
      PORT: '0',
      SLOW_ENDPOINT_DELAY: '20',
      SHUTDOWN_TIMEOUT: '0.5',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return follow(child);
}
