import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';

/** Identifies a process for ever: its id may be given to another one later, but not with the same start time. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** @throws {Error} when no process has this id. */
export function identifyProcess(pid: number): ProcessIdentity {
  const startedAt = startTimeOf(pid);
  if (startedAt === undefined) throw new Error(`no process ${pid}`);
  return { pid, startedAt };
}

export function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  return startTimeOf(pid) === startedAt;
}

/** What a process runs, as whom and where. */
interface ProcessDescription extends ProcessIdentity {
  readonly program: string;
  readonly uid: number;
  /** Its working directory. */
  readonly folder: string;
}

/** Undefined when no process has this id, or this account may not look at it. */
export function describeProcess(pid: number): ProcessDescription | undefined {
  const startedAt = startTimeOf(pid);
  const program = existsSync('/proc/self/comm') ? readProcessFile(pid, 'comm') : ask(pid, 'comm=');
  const uid = existsSync('/proc/self') ? statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid : ask(pid, 'uid=');
  const folder = workingDirectoryOf(pid);
  if (startedAt === undefined || program === undefined || uid === undefined || folder === undefined) return undefined;
  return { pid, startedAt, program: path.basename(program.trim()), uid: Number(uid), folder };
}

function workingDirectoryOf(pid: number): string | undefined {
  if (existsSync('/proc/self/cwd')) {
    try {
      return readlinkSync(`/proc/${pid}/cwd`);
    } catch {
      return undefined;
    }
  }
  const { stdout } = spawnSync('/usr/sbin/lsof', ['-a', '-p', String(pid), '-d', 'cwd', '-F', 'n'], {
    encoding: 'utf8',
  });
  return /^n(.*)$/m.exec(stdout ?? '')?.[1];
}

function startTimeOf(pid: number): string | undefined {
  if (!existsSync('/proc/self/stat')) return ask(pid, 'lstart=');
  // The second field, the command in parentheses, may hold anything; state and start time are fields 3 and 22
  // (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
  const stat = readProcessFile(pid, 'stat');
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return fields[0] === 'Z' ? undefined : fields[19];
}

function readProcessFile(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}

/** Asks `ps` where there is no /proc. It prints the start time in the caller's time zone and language: both are fixed. */
function ask(pid: number, column: string): string | undefined {
  const { status, stdout } = spawnSync('/bin/ps', ['-o', column, '-p', String(pid)], {
    encoding: 'utf8',
    env: { TZ: 'UTC', LC_ALL: 'C' },
  });
  return status === 0 ? stdout.trim() : undefined;
}
