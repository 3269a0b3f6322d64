// `console run -- <command>`: what a service has with a console beside it, and what it has without.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { LineSplitter } from '../src/run/lines.js';
import { readSettings } from '../src/run/settings.js';
import { createFolder } from './running-console.js';

const cli = path.resolve(import.meta.dirname, '../dist/cli.js');
const started: ChildProcess[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/** Runs a program of Node.js under the runner. */
function runProgram(program: string, environment: Record<string, string> = {}, command = 'run') {
  const service = [process.execPath, '-e', program];
  const parameters = [cli, command, '--folder', createFolder(), '--', ...service];
  // biome-ignore lint/style/noProcessEnv: programs are found by it.
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, parameters, {
    env: { PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  // A test may close it.
  const stdout = text(child.stdout).catch(() => '');
  const stderr = text(child.stderr);
  const ended = once(child, 'close').then(([code, signal]) => signal ?? code);
  return { child, stdout, stderr, ended };
}

describe('a service that is run', () => {
  it('has its stdout passed on byte for byte, whatever is in it', async () => {
    const program = `
      const bytes = Buffer.concat([Buffer.from('{"a":1}\\n'), Buffer.from([0, 255, 10, 13, 10]), Buffer.alloc(3_000_000, 120), Buffer.from('no end')]);
      process.stdout.write(bytes);`;
    const { child, ended } = runProgram(program);
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    expect(await ended).toBe(0);
    const bytes = Buffer.concat(chunks);
    expect(bytes.length).toBe(8 + 5 + 3_000_000 + 6);
    expect(bytes.subarray(0, 13)).toEqual(Buffer.from([...Buffer.from('{"a":1}\n'), 0, 255, 10, 13, 10]));
  });

  it.each([
    ['its code', 'process.exit(7)', 7],
    ['128 and its signal’s number', "process.kill(process.pid, 'SIGKILL')", 137],
  ])('ends with %s', async (_, program, code) => {
    expect(await runProgram(program).ended).toBe(code);
  });

  it('that ends at once leaves no complaint', async () => {
    const { stderr, ended } = runProgram('');
    expect(await ended).toBe(0);
    expect(await stderr).toBe('');
  });

  it('that does not exist is said, with its name', async () => {
    const child = spawn(process.execPath, [cli, 'run', '--folder', createFolder(), '--', 'no-such-program'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    started.push(child);
    const said = text(child.stderr);
    expect((await once(child, 'close'))[0]).toBe(2);
    expect(await said).toMatch(/no-such-program: .*ENOENT/);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('is told %s once', async (signal) => {
    const program = `
      let told = 0;
      process.on('${signal}', () => { told += 1; setTimeout(() => { console.log('told ' + told); process.exit(0); }, 300); });
      console.log('ready');
      setInterval(() => {}, 1000);`;
    const { child, stdout, ended } = runProgram(program);
    await once(child.stdout ?? child, 'data');
    child.kill(signal);
    expect(await ended).toBe(0);
    expect(await stdout).toContain('told 1');
  });

  it('knows where its spans go and where its traces are shown, unless it is told otherwise', async () => {
    const program =
      'console.log([process.env.JAEGER_AGENT_HOST, process.env.JAEGER_AGENT_PORT, process.env.TRACE_URL].join(" "))';
    const given = await runProgram(program).stdout;
    expect(given).toMatch(/^127\.0\.0\.1 \d+ http:\/\/localhost:\d+\/trace\/\{trace_id\}$/m);
    const told = { JAEGER_AGENT_HOST: 'agent', JAEGER_AGENT_PORT: '1', TRACE_URL: 'http://traces/{trace_id}' };
    expect(await runProgram(program, told).stdout).toBe('agent 1 http://traces/{trace_id}\n');
  });

  it('goes on when nobody reads its stdout any more, and so do its lines to the console', async () => {
    const program =
      'let n = 0; setInterval(() => console.log("line " + n++), 20); process.on("SIGTERM", () => process.exit(n > 30 ? 0 : 9))';
    const { child, ended } = runProgram(program);
    await once(child.stdout ?? child, 'data');
    child.stdout?.destroy();
    await sleep(1_500);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('goes on when the console dies, and has another one', async () => {
    const program = 'let n = 0; setInterval(() => console.log(JSON.stringify({ message: "line " + n++ })), 50)';
    const { child, stdout, stderr, ended } = runProgram(program);
    await once(child.stdout ?? child, 'data');
    const consolePid = await findConsole(child.pid ?? 0);
    process.kill(consolePid, 'SIGKILL');
    await expect
      .poll(() => findConsole(child.pid ?? 0).catch(() => consolePid), { timeout: 10_000 })
      .not.toBe(consolePid);
    await sleep(300);
    child.kill('SIGTERM');
    await ended;
    const numbers = (await stdout)
      .trim()
      .split('\n')
      .map((line) => Number(/line (\d+)/.exec(line)?.[1]));
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(await stderr).toContain('console: ended (SIGKILL); the service goes on');
  });
});

/** The console of a runner: the child that is told to receive. */
async function findConsole(runner: number): Promise<number> {
  const children = readFileSync(`/proc/${runner}/task/${runner}/children`, 'utf8').trim().split(' ');
  for (const child of children) {
    if (child !== '' && readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('\0receive\0')) return Number(child);
  }
  throw new Error('the console does not run');
}

describe('CONSOLE and LOG_FORMAT', () => {
  const hasConsole = (environment: Record<string, string>, isWanted = false) =>
    readSettings(environment, false, isWanted).hasConsole;

  it('a console starts by itself, but not in CI and not where a receiver is named', () => {
    expect(hasConsole({})).toBe(true);
    expect(hasConsole({ CI: 'true' })).toBe(false);
    expect(hasConsole({ JAEGER_AGENT_HOST: 'agent' })).toBe(false);
    expect(hasConsole({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector' })).toBe(false);
    expect(hasConsole({ JAEGER_AGENT_HOST: ' ', CI: '' })).toBe(true);
    expect(hasConsole({ CI: 'true', CONSOLE: 'on' })).toBe(true);
    expect(hasConsole({ CONSOLE: 'off' })).toBe(false);
    expect(hasConsole({ CI: 'true' }, true)).toBe(true);
  });

  it('lines are readable on a terminal, and JSON everywhere else', () => {
    expect(readSettings({}, true, false).isPretty).toBe(true);
    expect(readSettings({}, false, false).isPretty).toBe(false);
    expect(readSettings({ LOG_FORMAT: 'json' }, true, false).isPretty).toBe(false);
    expect(readSettings({ LOG_FORMAT: 'pretty' }, false, false).isPretty).toBe(true);
  });

  it('another value stops the start, with every wrong one and what is allowed', async () => {
    const { stderr, stdout, ended } = runProgram(
      'console.log("started")',
      { CONSOLE: 'yes', LOG_FORMAT: 'text' },
      'start',
    );
    expect(await ended).toBe(2);
    expect(await stdout).toBe('');
    expect(await stderr).toBe(
      'Configuration invalide : CONSOLE : attendu on ou off, reçu "yes" ; LOG_FORMAT : attendu json ou pretty, reçu "text"\n',
    );
  });
});

describe('lines of a stream', () => {
  const split = (...chunks: (string | Buffer)[]) => {
    const lines: string[] = [];
    const splitter = new LineSplitter((found) => lines.push(...found));
    for (const chunk of chunks) splitter.write(Buffer.from(chunk));
    splitter.end();
    return lines;
  };

  it('are whole whatever the chunks are, a character cut in two included', () => {
    const euro = Buffer.from('€');
    expect(split('a\nb', 'c\r\n', '\n', 'd', euro.subarray(0, 1), euro.subarray(1), '\nlast')).toEqual([
      'a',
      'bc',
      '',
      'd€',
      'last',
    ]);
  });

  it('are cut where they have no end for a megabyte, and the next one is whole', () => {
    const [long = '', next] = split(...Array.from({ length: 30 }, () => 'x'.repeat(100_000)), '\nnext\n');
    expect(long).toMatch(/^x{1048576}… \(1951424 bytes more\)$/);
    expect(next).toBe('next');
  });
});
