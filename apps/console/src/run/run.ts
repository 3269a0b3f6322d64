import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../describe-error.js';
import type { Ports } from '../serve/ports.js';
import type { Observed } from '../serve/router.js';
import { readLine } from './line.js';
import { LineSplitter } from './lines.js';
import { choosePorts } from './ports.js';
import { renderPretty } from './pretty.js';
import type { Settings } from './settings.js';

const program = path.resolve(import.meta.dirname, '../cli.js');

/** How services say that they have started. */
const STARTED = /^Service démarré|^Primaire démarré|started|listening/i;

/** The signals that a service is told of. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;

/** A console that ended is started again after this time. */
const RESTART_AFTER_MS = 1_000;
/** The wait doubles with each that ends soon after its start, up to this. */
const RESTART_AFTER_MAX_MS = 60_000;
/** How long a console may take to end, and what a service has written to come through. */
const END_TIMEOUT_MS = 3_000;
const PIPE_TIMEOUT_MS = 1_000;
/** Messages to a console that does not read them; with more, lines are not shown. */
const UNREAD_MAX = 1_000;

/** What the runner tells its console. */
export type Told = { readonly lines: string[]; readonly dropped: number } | { readonly observed: Observed };

/** What a console tells the runner. */
export interface Ready {
  readonly pageUrl: string;
}

export interface RunOptions extends Settings {
  readonly command: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Where the console keeps what it receives. */
  readonly folder: string;
}

/**
 * Runs a service: its stdout goes on as it is, or readable; a console beside it receives its spans and lines. The console never
 * delays the service, and its end does not end it.
 *
 * @returns the service's exit code; 128 and its number for a signal, as shells have it
 * @throws {Error} when there is no such program.
 */
export async function run({ command, environment, folder, hasConsole, isPretty }: RunOptions): Promise<number> {
  const [name = '', ...parameters] = command;
  const ports = hasConsole ? await choosePorts().catch(warn) : undefined;
  const given = ports === undefined ? {} : receiversOf(ports);
  const env = { ...given, ...environment };
  const traceUrl = env['TRACE_URL'];

  const service = spawn(name, parameters, {
    env,
    stdio: ['inherit', 'pipe', 'inherit'],
    // A process group of its own: a terminal's Ctrl-C reaches it once, from here.
    detached: true,
  });
  for (const signal of SIGNALS) process.on(signal, () => service.kill(signal));
  const failed = new Promise<never>((_, reject) => {
    service.once('error', (error) => reject(new Error(`${name}: ${error.message}`, { cause: error })));
  });
  await Promise.race([once(service, 'spawn'), failed]);

  const console = ports === undefined ? undefined : startConsole(folder, ports);
  let observed: Observed = { state: 'starting', startedAt: Date.now() };
  console?.observe(observed);
  let psql: string | undefined;
  const announce = (lines: readonly string[]) => {
    psql ??= lines.map(readPsql).find((found) => found !== undefined);
    const started = lines.map(readStart).find((found) => found !== undefined);
    if (started === undefined) return;
    const isFirst = observed.state === 'starting';
    observed = { ...observed, ...started, state: 'up' };
    console?.observe(observed);
    // Not again when a watcher starts the service anew.
    if (console !== undefined && isFirst) {
      void console.ready.then(({ pageUrl }) => printBanner(String(started.url), pageUrl, psql, isPretty));
    }
  };
  // Whoever reads slowly slows the service's own writing down, as without a runner. When nobody reads any more, the service goes
  // on, and its lines to the console.
  let isRead = true;
  process.stdout.on('error', () => {
    isRead = false;
    service.stdout.resume();
  });
  const pass = (output: Buffer | string) => {
    if (!isRead || process.stdout.write(output)) return;
    service.stdout.pause();
    process.stdout.once('drain', () => service.stdout.resume());
  };
  const splitter = new LineSplitter((lines) => {
    if (isPretty) pass(lines.map((line) => `${renderPretty(line, traceUrl)}\n`).join(''));
    console?.tellLines(lines);
    announce(lines);
  });
  service.stdout.on('data', (chunk: Buffer) => {
    if (!isPretty) pass(chunk);
    splitter.write(chunk);
  });

  const [code, signal] = await once(service, 'exit');
  // What it has written is still read; a child of its own may hold the pipe open.
  if (!service.stdout.readableEnded)
    await Promise.race([once(service.stdout, 'end'), sleep(PIPE_TIMEOUT_MS, undefined, { ref: false })]);
  splitter.end();
  console?.observe({ ...observed, state: 'stopped', stoppedAt: Date.now(), code: String(signal ?? code) });
  await console?.end();
  return code ?? 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
}

function startConsole(folder: string, ports: Ports): ConsoleProcess | undefined {
  try {
    return new ConsoleProcess(folder, ports);
  } catch (error) {
    return warn(error);
  }
}

function receiversOf(ports: Ports): Record<string, string> {
  return {
    JAEGER_AGENT_HOST: '127.0.0.1',
    JAEGER_AGENT_PORT: String(ports.compact),
    TRACE_URL: `http://localhost:${ports.page}/trace/{trace_id}`,
  };
}

/** The console in a process of its own. */
class ConsoleProcess {
  readonly #folder: string;
  readonly #ports: Ports;
  #child: ChildProcess;
  #restartAfterMs = RESTART_AFTER_MS;
  #isEnding = false;
  #unread = 0;
  #dropped = 0;
  #observed: Observed | undefined;
  readonly #isReady = Promise.withResolvers<Ready>();

  constructor(folder: string, ports: Ports) {
    this.#folder = folder;
    this.#ports = ports;
    this.#child = this.#start();
  }

  /** Resolves when it has told its address. */
  get ready(): Promise<Ready> {
    return this.#isReady.promise;
  }

  observe(observed: Observed): void {
    this.#observed = observed;
    this.#send({ observed });
  }

  /** Lines that it does not keep up with are dropped, and it is told how many. */
  tellLines(lines: string[]): void {
    if (!this.#child.connected || this.#unread > UNREAD_MAX) {
      this.#dropped += lines.length;
      return;
    }
    this.#send({ lines, dropped: this.#dropped });
    this.#dropped = 0;
  }

  #send(told: Told): void {
    if (!this.#child.connected) return;
    this.#unread += 1;
    this.#child.send(told, () => {
      this.#unread -= 1;
    });
  }

  /** Lets it write what it has received, and end. */
  async end(): Promise<void> {
    this.#isEnding = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    if ((await Promise.race([exited, sleep(END_TIMEOUT_MS, undefined, { ref: false })])) === undefined)
      this.#child.kill('SIGKILL');
  }

  #startAgain(): void {
    if (this.#isEnding) return;
    this.#unread = 0;
    try {
      this.#child = this.#start();
    } catch (error) {
      warn(error);
      setTimeout(() => this.#startAgain(), RESTART_AFTER_MAX_MS).unref();
    }
    if (this.#observed !== undefined) this.observe(this.#observed);
  }

  #start(): ChildProcess {
    const ports = Object.entries(this.#ports).flatMap(([name, port]) => [`--${name}`, String(port)]);
    const startedAt = performance.now();
    const child = fork(program, ['receive', '--folder', this.#folder, ...ports], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      // It ends with the runner's word, not with the terminal's signal.
      detached: true,
    });
    child.on('message', (ready) => this.#isReady.resolve(ready as Ready));
    child.on('error', warn);
    child.once('exit', (code, signal) => {
      if (this.#isEnding) return;
      process.stderr.write(`console: ended (${signal ?? code}); the service goes on\n`);
      const hasLived = performance.now() - startedAt > RESTART_AFTER_MAX_MS;
      const waitMs = hasLived ? RESTART_AFTER_MS : this.#restartAfterMs;
      this.#restartAfterMs = Math.min(2 * waitMs, RESTART_AFTER_MAX_MS);
      setTimeout(() => this.#startAgain(), waitMs).unref();
    });
    return child;
  }
}

/** The console's troubles are not the service's. */
function warn(error: unknown): undefined {
  process.stderr.write(`console: ${describeError(error)}\n`);
}

/** What the line of a service that has started says of it; undefined for another line. */
function readStart(text: string): Partial<Observed> | undefined {
  if (!text.includes('"url":"http')) return undefined;
  const { message, fields } = readLine(text);
  const { url, service, database } = fields;
  if (typeof url !== 'string' || !STARTED.test(message)) return undefined;
  // An address that listens on every interface is reached by the loopback one.
  const reached = url.replace(/\/\/(?:0\.0\.0\.0|\[::\])/, '//127.0.0.1');
  if (!URL.canParse(reached)) return undefined;
  return { url: new URL(reached).origin, name: String(service ?? ''), database: String(database ?? '') };
}

/** The command that opens an embedded database, of the line that has it. */
function readPsql(text: string): string | undefined {
  if (!text.includes('"psql":')) return undefined;
  const { psql } = readLine(text).fields;
  return typeof psql === 'string' ? psql : undefined;
}

/** Where to go on. On stderr beside JSON lines: stdout has nothing else. */
function printBanner(serviceUrl: string, pageUrl: string, psql: string | undefined, isPretty: boolean): void {
  const api = serviceUrl.replace('127.0.0.1', 'localhost');
  const rows = [
    ['API', api],
    ['Documentation', `${api}/docs`],
    ['Console', pageUrl],
    ...(psql === undefined ? [] : [['Database', psql]]),
  ];
  const text = rows.map(([label, url]) => `  ${String(label).padEnd(14)}${url}`).join('\n');
  (isPretty ? process.stdout : process.stderr).write(`\n${text}\n\n`);
}
