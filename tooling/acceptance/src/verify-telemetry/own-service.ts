// The service as `pnpm start` starts it, on a database that is gone afterwards.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { initDatabase, parseDatabaseUrl } from '@products/db';
import { startTestServer } from '@products/db/testing';
import type { LogLine } from '../log-file.js';
import type { ObservedService } from './observe.js';

const backendFolder = path.resolve(import.meta.dirname, '../../../../apps/backend');

/**
 * Starts a service that sends its spans to this agent.
 *
 * @throws {Error} with its last lines when it does not start
 */
export async function startOwnService(agent: ObservedService['agent'] & { readonly port: number }) {
  const server = await startTestServer();
  await initDatabase(parseDatabaseUrl(server.url));
  const child = spawn(process.execPath, ['--import', '@products/telemetry/register', 'dist/main.js'], {
    cwd: backendFolder,
    env: {
      DATABASE_URL: server.url,
      HOST: '127.0.0.1',
      PORT: '0',
      JAEGER_AGENT_HOST: '127.0.0.1',
      JAEGER_AGENT_PORT: String(agent.port),
      SLOW_ENDPOINT_DELAY: '0.2',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: LogLine[] = [];
  const started = Promise.withResolvers<string>();
  createInterface(child.stdout).on('line', (text) => {
    const line = JSON.parse(text) as LogLine;
    lines.push(line);
    if (line['message'] === 'Service démarré') started.resolve(String(line['url']));
  });
  const exited = once(child, 'close');
  exited.then(() => started.reject(new Error(`the service has not started:\n${JSON.stringify(lines, null, 2)}`)));
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    await server.stop();
  };
  try {
    return { url: await started.promise, lines: () => lines, agent, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
