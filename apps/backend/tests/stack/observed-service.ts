// The real service with the console beside it, on its own database, and a browser to look at it.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createTestDatabase } from '@products/db/testing';
import { type Browser, chromium } from 'playwright-core';
import { expect, inject } from 'vitest';
import { preload } from '../backend.js';
import { eventually } from '../eventually.js';

const apps = path.resolve(import.meta.dirname, '../../..');
// biome-ignore lint/style/noProcessEnv: the Node.js that runs the tests runs the service.
const { PATH = '' } = process.env;

/** The console's program. */
export const consoleProgram = path.join(apps, 'console/dist/cli.js');

export interface ObservedService {
  readonly url: string;
  readonly consoleUrl: string;
  /** Where the console keeps what it has received. */
  readonly folder: string;
  /** The process that started both; its stdout is the service's. */
  readonly runner: ChildProcessByStdio<null, Readable, Readable>;
  stop(): Promise<void>;
}

/** Starts both as `npm start` does. */
export async function startObservedService(): Promise<ObservedService> {
  const agentPort = await holdAgentPort();
  const database = await createTestDatabase(inject('serverUrl'), inject('seededTemplate'));
  const folder = mkdtempSync(path.join(tmpdir(), 'products-console-'));
  const command = ['run', '--folder', folder, '--', process.execPath, ...preload, 'dist/main.js'];
  const runner = spawn(process.execPath, [consoleProgram, ...command], {
    cwd: path.join(apps, 'backend'),
    env: { PATH, HOST: '127.0.0.1', PORT: '0', DATABASE_URL: database.url, SLOW_ENDPOINT_DELAY: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(runner, 'close');
  const stop = async () => {
    runner.kill('SIGTERM');
    await closed;
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  };
  runner.stdout.resume();
  const addresses = new Map<string, string>();
  createInterface(runner.stderr).on('line', (line) => {
    const [, label, url] = /^ {2}(API|Console) +(\S+)$/.exec(line) ?? [];
    if (label !== undefined && url !== undefined) addresses.set(label, url);
  });
  try {
    await eventually(async () => expect(addresses.size).toBe(2));
  } catch (error) {
    await stop();
    throw error;
  } finally {
    agentPort.close();
  }
  const url = String(addresses.get('API')).replace('localhost', '127.0.0.1');
  return { url, consoleUrl: String(addresses.get('Console')), folder, runner, stop };
}

/** The agent's usual port, where whatever else runs on this machine sends its spans: the console takes another one. */
async function holdAgentPort() {
  const socket = createSocket('udp4').bind(6831, '127.0.0.1');
  // Taken already: that serves as well.
  await once(socket, 'listening').catch(() => undefined);
  return socket;
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
}
