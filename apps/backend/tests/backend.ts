// The real service, started as `pnpm start` starts it, on its own database.
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { ErrorBody } from '@products/api-contract';
import { createTestDatabase, type TestDatabase } from '@products/db/testing';
import { matchLine } from '@products/telemetry/contract';
import { inject } from 'vitest';
import { findLineProblems } from './log-line-schema.js';

const backendFolder = path.resolve(import.meta.dirname, '..');
/** Generous: on a busy machine several services start at once. */
const START_TIMEOUT_MS = 60_000;
export const STOP_TIMEOUT_MS = 15_000;

const running = new Set<RunningProcess>();

/** Stops the services of failed tests, by force after a while. */
export async function stopLeftovers(): Promise<void> {
  await Promise.all(
    [...running].map(async ({ child, stop }) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await stop();
      clearTimeout(timer);
    }),
  );
}

/** One line of the service's stdout. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly message: string; readonly level: string };

/** With `await using`, it is stopped at the end of the block. */
export interface RunningProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Every line that the process has written to stdout, but for those forgotten. */
  readonly lines: readonly LogLine[];
  /** The same as it was written. */
  readonly rawLines: readonly string[];
  /** Resolves with the first line, already written or still to come, that has this message. */
  waitForLine(message: string | RegExp): Promise<LogLine>;
  /** Forgets the lines so far: those of half an hour do not fit in memory. */
  forgetLines(): void;
  /** Resolves with exit code or signal. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Sends SIGTERM, to one that still runs. Resolves with exit code or signal. */
  stop(): Promise<number | NodeJS.Signals>;
}

/** What the start command gives Node.js before the service's program: tracing. */
export const preload = ['--import', '@products/telemetry/register'] as const;

/** A module of this text, for `--import`. */
export function asModule(text: string): string {
  return `data:text/javascript,${encodeURIComponent(text)}`;
}

/**
 * Runs the service's start command with these variables and no others that could configure it.
 *
 * @param options `folder`: another copy of the service; `nodeArguments`: before its program; `openFilesMax`: its `ulimit -n`;
 *   `stderr`: shown, or for the test to read
 */
export function run(
  environment: Readonly<Record<string, string>>,
  {
    folder = backendFolder,
    nodeArguments = preload,
    openFilesMax,
    stderr = 'inherit',
  }: {
    folder?: string;
    nodeArguments?: readonly string[];
    openFilesMax?: number;
    stderr?: 'inherit' | 'pipe';
  } = {},
): RunningProcess {
  // biome-ignore lint/style/noProcessEnv: the Node.js that runs the tests runs the service.
  const { PATH = '' } = process.env;
  const command = ['node', ...nodeArguments, 'dist/main.js'];
  const limit = openFilesMax === undefined ? [] : ['bash', '-c', `ulimit -n ${openFilesMax} && exec "$@"`, 'bash'];
  const [program = '', ...programArguments] = [...limit, ...command];
  const child = spawn(program, programArguments, {
    cwd: folder,
    // No agent listens there: spans are dropped at no cost.
    env: { PATH, JAEGER_AGENT_HOST: '127.0.0.1', HOST: '127.0.0.1', PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', stderr],
  }) as ChildProcessByStdio<null, Readable, Readable | null>;
  return follow(child);
}

/** Reads the lines of a service that was started with its stdout piped; it is stopped with the test file. */
export function follow(child: ChildProcessByStdio<null, Readable, Readable | null>): RunningProcess {
  const lines: LogLine[] = [];
  const rawLines: string[] = [];
  const waiting = new Set<() => void>();
  createInterface(child.stdout).on('line', (text) => {
    const line = JSON.parse(text);
    // Whatever the test is about: a line that the contract does not declare fails it, as an unhandled error.
    matchLine(line);
    const problems = findLineProblems(line);
    if (problems.length > 0) throw new Error(`against docs/log-line.schema.json: ${problems.join(', ')}: ${text}`);
    lines.push(line);
    rawLines.push(text);
    for (const check of waiting) check();
  });
  const exited = once(child, 'close').then(([code, signal]) => code ?? signal);
  const ending = () => `(ended with ${child.exitCode ?? child.signalCode ?? 'nothing yet'})`;
  const waitForLine = (message: string | RegExp) =>
    new Promise<LogLine>((resolve, reject) => {
      const matches = (line: LogLine) =>
        typeof message === 'string' ? line.message === message : message.test(line.message);
      const timer = setTimeout(() => finish(), START_TIMEOUT_MS);
      const finish = (found?: LogLine) => {
        clearTimeout(timer);
        waiting.delete(check);
        if (found !== undefined) resolve(found);
        else reject(new Error(`no line ${message} ${ending()}, among:\n${rawLines.join('\n')}`));
      };
      const check = () => {
        const found = lines.find(matches);
        if (found !== undefined) finish(found);
      };
      waiting.add(check);
      void exited.then(() => setImmediate(finish));
      check();
    });
  const forgetLines = () => {
    lines.length = 0;
    rawLines.length = 0;
  };
  const stop = () => {
    child.kill('SIGTERM');
    return exited;
  };
  const followed: RunningProcess = {
    child,
    lines,
    rawLines,
    waitForLine,
    forgetLines,
    exited,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
  running.add(followed);
  void exited.then(() => running.delete(followed));
  return followed;
}

/** Waits until the service serves. Resolves with its URL. */
export async function urlOf(service: RunningProcess): Promise<string> {
  return String((await service.waitForLine('Service démarré'))['url']);
}

/** A service that serves. */
export interface ServingProcess extends RunningProcess {
  readonly url: string;
  /** Sends a request to the service; `path` is sent as it is. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** Starts the service on the database with the ten samples that tests share: for those that write nothing. */
export async function startOnSamples(
  environment: Readonly<Record<string, string>> = {},
  options: Parameters<typeof run>[1] = {},
): Promise<ServingProcess> {
  const service = run({ DATABASE_URL: inject('samplesUrl'), ...environment }, options);
  const url = await urlOf(service).catch((error: unknown) => {
    service.child.kill('SIGKILL');
    throw error;
  });
  return { ...service, url, fetch: (target, init) => fetch(`${url}${target}`, init) };
}

export interface Backend extends ServingProcess {
  readonly database: TestDatabase;
  /** Stops the service with SIGTERM and drops its database. Resolves with the exit code. */
  stop(): Promise<number | NodeJS.Signals>;
}

/** Starts the service on a fresh, migrated database with the ten samples. */
export async function startBackend(
  environment: Readonly<Record<string, string>> = {},
  options: Parameters<typeof run>[1] = {},
): Promise<Backend> {
  const database = await createTestDatabase(inject('serverUrl'), inject('seededTemplate'));
  const service = await startOnSamples({ DATABASE_URL: database.url, ...environment }, options);
  let stopped: Promise<number | NodeJS.Signals> | undefined;
  const stop = () => {
    stopped ??= service.stop().then(async (code) => {
      await database.drop();
      return code;
    });
    return stopped;
  };
  return { ...service, database, stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

/** A POST of this value as JSON. */
export function post(value: unknown): RequestInit {
  return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
}

/** The body of a response, for the test to compare. */
export async function readJson<T>(response: Response | Promise<Response>): Promise<T> {
  return (await (await response).json()) as T;
}

export function readError(response: Response): Promise<ErrorBody> {
  return readJson<ErrorBody>(response);
}

/**
 * The trace that a response names.
 *
 * @throws {Error} when it names none
 */
export function traceIdOf({ headers }: Response): string {
  const [, traceId] = headers.get('traceresponse')?.split('-') ?? [];
  if (traceId === undefined) throw new Error('a response without traceresponse');
  return traceId;
}
