import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '@products/db/testing';
import type { Target } from './targets.js';

/** Clock ticks a second in which Linux counts CPU time (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html). */
const TICKS_PER_SECOND = 100;
/** A start under valgrind takes a minute and more. */
const START_TIMEOUT_MS = 300_000;
const KIB = 1_024;

/** A running target: one process, or a primary one and its workers. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Milliseconds from the start to the first answer of `/livez`. */
  readonly startMs: number;
  /** CPU time of all its processes so far, user and system, in microseconds. */
  cpuMicroseconds(): number;
  /** Resident memory of all its processes, in bytes. */
  residentBytes(): number;
  /** Proportional set size of all its processes: what they share counts once. */
  proportionalBytes(): number;
  /** The most that each of them has had. */
  peakResidentBytes(): number;
  stop(): Promise<void>;
}

/** The surroundings of a target. */
export interface ServerSurroundings {
  readonly databaseUrl: string;
  readonly agentPort: number;
}

/**
 * Starts a target and waits until it answers. Its stdout goes to /dev/null.
 *
 * @param wrapper the command that runs Node.js, and its arguments
 */
export async function startServer(
  { name, folder, nodeArguments, environment }: Target,
  { databaseUrl, agentPort }: ServerSurroundings,
  wrapper: readonly string[] = [],
): Promise<ServerProcess> {
  const port = await findFreePort();
  const startedAt = performance.now();
  const [command = process.execPath, ...commandArguments] = [...wrapper, process.execPath, ...nodeArguments];
  const child = spawn(command, commandArguments, {
    cwd: folder,
    env: {
      DATABASE_URL: databaseUrl,
      HOST: '127.0.0.1',
      PORT: String(port),
      JAEGER_AGENT_HOST: '127.0.0.1',
      JAEGER_AGENT_PORT: String(agentPort),
      ...environment,
    },
    stdio: ['ignore', openSync('/dev/null', 'w'), 'inherit'],
  });
  const exited = once(child, 'exit');
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  void exited.then(() => process.off('exit', end));
  const url = `http://127.0.0.1:${port}`;
  try {
    await answers(`${url}/livez`, child);
  } catch (cause) {
    child.kill('SIGKILL');
    throw new Error(`${name} has not started`, { cause });
  }
  const pid = Number(child.pid);
  const processes = () => processTree(pid);
  const sum = (read: (pid: number) => number) => processes().reduce((total, pid) => total + read(pid), 0);
  return {
    url,
    pid,
    startMs: performance.now() - startedAt,
    cpuMicroseconds: () => sum(readCpuMicroseconds),
    residentBytes: () => sum((pid) => readMemory(pid, 'VmRSS')),
    proportionalBytes: () => sum((process) => readMemory(process, 'Pss', 'smaps_rollup')),
    peakResidentBytes: () => sum((pid) => readMemory(pid, 'VmHWM')),
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const until = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`exit code ${child.exitCode}`);
    if (performance.now() > until) throw new Error(`no answer of ${url} in ${START_TIMEOUT_MS} ms`);
    const response = await fetch(url).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok) return;
    await sleep(10);
  }
}

function processTree(root: number): number[] {
  const children = readdirSync(`/proc/${root}/task`).flatMap((thread) =>
    readFileSync(`/proc/${root}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [root, ...children.flatMap(processTree)];
}

function readCpuMicroseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Behind the command in parentheses; user and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6;
}

/** In bytes (proc_pid_status(5), proc_pid_smaps(5)). */
function readMemory(pid: number, field: 'VmRSS' | 'VmHWM' | 'Pss', file = 'status'): number {
  const status = readFileSync(`/proc/${pid}/${file}`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * KIB;
}
