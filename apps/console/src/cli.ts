#!/usr/bin/env node
import path from 'node:path';
import { parseArgs } from 'node:util';
import { describeError } from './describe-error.js';
import type { Ready, Told } from './run/run.js';
import { readSettings } from './run/settings.js';
import { type Ports, usualPorts } from './serve/ports.js';

const USAGE = `console                        receives, and shows what it has received
        --host 0.0.0.0         receives from elsewhere too; the page stays on this machine
console run -- <command>       starts a command with the console beside it
console start -- <command>     the same, but for CONSOLE=off, CI, or a receiver that is configured
console trace <id>             prints a trace with its lines
`;

/** In the checkout, ignored by git, as the embedded database's folder. */
const folderOfCheckout = path.resolve(import.meta.dirname, '../../../.console');

const [command = 'receive', ...rest] = process.argv.slice(2);
const separator = rest.indexOf('--');
const own = separator === -1 ? rest : rest.slice(0, separator);
const observed = separator === -1 ? [] : rest.slice(separator + 1);

try {
  const portOptions = Object.fromEntries(Object.keys(usualPorts).map((name) => [name, { type: 'string' } as const]));
  const { values, positionals } = parseArgs({
    args: own,
    options: { folder: { type: 'string', default: folderOfCheckout }, host: { type: 'string' }, ...portOptions },
    allowPositionals: true,
  });
  const folder = String(values['folder']);
  if ((command === 'run' || command === 'start') && observed.length > 0) await runCommand(folder);
  else if (command === 'receive') await receive(folder, values);
  else if (command === 'trace' && positionals[0] !== undefined) {
    const { printTrace } = await import('./run/print-trace.js');
    process.exitCode = printTrace(folder, positionals[0]);
  } else fail(USAGE);
} catch (error) {
  fail(`${describeError(error)}\n`);
}

async function runCommand(folder: string): Promise<void> {
  // biome-ignore lint/style/noProcessEnv: the service inherits it.
  const environment = process.env;
  const settings = readSettings(environment, process.stdout.isTTY === true, command === 'run');
  // Nothing to do here: the service takes this process's place.
  if (!settings.hasConsole && !settings.isPretty && observed[0] === 'node') {
    process.execve?.(process.execPath, [...observed], environment as Record<string, string>);
  }
  const { run } = await import('./run/run.js');
  process.exitCode = await run({ ...settings, command: observed, environment, folder });
}

async function receive(folder: string, values: Readonly<Record<string, unknown>>): Promise<void> {
  const { startConsole } = await import('./serve/console.js');
  const ports = Object.fromEntries(
    Object.entries(usualPorts).map(([name, usual]) => [name, readPort(name, values[name], usual)]),
  );
  const running = await startConsole({
    folder,
    ports: ports as Ports,
    ...(typeof values['host'] === 'string' && { host: values['host'] }),
    warn: (problem) => process.stderr.write(`console: ${problem}\n`),
  });
  const stop = async () => {
    await running.close();
    process.exit(0);
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  if (process.send === undefined) {
    const receivers = Object.entries(running.receivers).map(([name, address]) => `  ${name.padEnd(30)}${address}`);
    process.stdout.write(`Console ${running.pageUrl}\n${receivers.join('\n')}\n`);
    return;
  }
  process.on('message', (told: Told) => {
    if ('observed' in told) return running.observe(told.observed);
    running.countDropped(told.dropped);
    for (const line of told.lines) running.takeText(line);
  });
  process.once('disconnect', stop);
  // A service that ends at once takes its runner with it before this one is ready.
  if (process.connected) process.send({ pageUrl: running.pageUrl } satisfies Ready, () => {});
  else await stop();
}

function readPort(name: string, text: unknown, usual: number): number {
  if (text === undefined) return usual;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`--${name} must be a port, 0 to 65535; received ${JSON.stringify(text)}`);
}

function fail(text: string): void {
  process.stderr.write(text);
  process.exitCode = 2;
}
