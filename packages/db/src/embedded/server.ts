import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, lstatSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './binaries.js';
import { type Cluster, dataFolderArguments, identityOf } from './cluster.js';
import { findFreePort } from './free-port.js';
import { describeProcess, isRunning, type ProcessIdentity } from './process-identity.js';

const START_TIMEOUT_MS = 60_000;
const START_ATTEMPTS_MAX = 5;
/** Longest wait for each signal before the next, harsher one. */
const STOP_TIMEOUT_MS = 5_000;
const POLL_MS = 20;

/** A running `postgres`, our child, outside the terminal's process group: Ctrl-C reaches us first, we stop it last. */
export interface Server {
  readonly child: ChildProcess;
  readonly port: number;
}

/**
 * Starts the server on a free port and returns once it accepts connections.
 *
 * @param settings server parameters, as for `postgres -c name=value`
 * @param onSpawn called with the process id as soon as the process exists
 */
export async function startServer(
  cluster: Cluster,
  binaries: Binaries,
  settings: Readonly<Record<string, string>>,
  onSpawn: (pid: number) => void,
): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await findFreePort();
    const logFrom = logLength(cluster);
    const child = spawnServer(cluster, binaries, { ...settings, port: String(port) });
    const pid = await pidOf(child);
    onSpawn(pid);
    if (await isReady(cluster, child)) return { child, port };
    const log = readFileSync(cluster.log, 'utf8').slice(logFrom).trim();
    // Another program may have taken the port meanwhile.
    const isPortTaken = /could not (bind|create any TCP\/IP sockets)/.test(log);
    if (!isPortTaken || attempt >= START_ATTEMPTS_MAX) {
      throw new Error(`PostgreSQL embarqué ne démarre pas (journal : ${cluster.log}) :\n${log}`);
    }
  }
}

/** Stops a server: fast shutdown, then immediate (recovery at the next start), then SIGKILL. */
export async function stopServer(server: ProcessIdentity): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!signalProcess(server, signal)) return;
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    while (isRunning(server) && performance.now() < deadline) await sleep(POLL_MS);
  }
}

/**
 * The server that runs on this cluster's data, also one that outlived its parent. The pid file alone is not believed: after
 * a crash of the machine the id may be another program's, and an account that may write the file could name any process.
 */
export function findServerOf({ data }: Cluster): ProcessIdentity | undefined {
  const pidFile = path.join(data, 'postmaster.pid');
  const owner = statSync(data, { throwIfNoEntry: false })?.uid;
  if (owner === undefined || lstatSync(pidFile, { throwIfNoEntry: false })?.uid !== owner) return undefined;
  const pid = Number(readLines(pidFile)[0]);
  const found = Number.isInteger(pid) && pid > 0 ? describeProcess(pid) : undefined;
  return found?.program === 'postgres' && found.uid === owner && found.folder === realpathSync(data)
    ? found
    : undefined;
}

/** Sends the signal unless the process id belongs to another process by now. */
export function signalProcess(target: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return isRunning(target) && process.kill(target.pid, signal);
}

function spawnServer(
  cluster: Cluster,
  { postgres, account }: Binaries,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const { argument, cwd } = dataFolderArguments(cluster.data, account);
  const log = openSync(cluster.log, 'a', 0o600);
  try {
    const parameters = Object.entries({
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '200',
      timezone: 'UTC',
      log_timezone: 'UTC',
      ...settings,
    }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return spawn(postgres, ['-D', argument, ...parameters], {
      cwd,
      detached: true,
      env: { LC_ALL: 'C' },
      stdio: ['ignore', log, log],
      ...identityOf(account),
    });
  } finally {
    closeSync(log);
  }
}

async function pidOf(child: ChildProcess): Promise<number> {
  if (child.pid === undefined) {
    const [error] = await once(child, 'error');
    throw new Error(`PostgreSQL embarqué ne peut être lancé : ${error.message}`, { cause: error });
  }
  return child.pid;
}

/** Waits for `ready` in the eighth line of the server's pid file: it accepts connections. */
async function isReady(cluster: Cluster, child: ChildProcess): Promise<boolean> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (child.exitCode === null && child.signalCode === null && performance.now() < deadline) {
    const lines = readLines(path.join(cluster.data, 'postmaster.pid'));
    if (lines[0] === String(child.pid) && lines[7]?.trim() === 'ready') return true;
    await sleep(POLL_MS);
  }
  child.kill('SIGQUIT');
  return false;
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function logLength(cluster: Cluster): number {
  try {
    return readFileSync(cluster.log, 'utf8').length;
  } catch {
    return 0;
  }
}
