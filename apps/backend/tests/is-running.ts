import { existsSync, readFileSync } from 'node:fs';

/** A process that has ended counts as gone although its new parent may not have taken notice yet. */
export function isRunning(pid: number): boolean {
  try {
    const stat = existsSync('/proc/self/stat') ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
    return process.kill(pid, 0) && !/\) Z /.test(stat);
  } catch {
    return false;
  }
}
