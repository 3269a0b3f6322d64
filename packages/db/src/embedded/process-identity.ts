import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** A process for good: its id may be given to another one later, together with its start time it never is. */
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

function startTimeOf(pid: number): string | undefined {
  if (existsSync('/proc/self/stat')) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The second field, the command in parentheses, may hold anything; state and start time are fields 3 and 22
      // (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  const { status, stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
