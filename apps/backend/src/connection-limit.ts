import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Logger } from '@products/telemetry';
import type { Lifecycle } from './lifecycle.js';

/** Files that the process opens beside connections: log, sockets of telemetry and of the event loop, a file being read. */
const OTHER_FILES = 32;

/** From this share of the limit on, an idle connection is closed for each new one. */
const CROWDED_SHARE = 0.9;

const WARN_EVERY_MS = 60_000;

/**
 * Keeps the connections below the limit of open files: beyond it, the system would let none in, and no line would say why.
 *
 * @param poolMax connections to the databases
 */
export function limitConnections(server: Server, lifecycle: Lifecycle, logger: Logger, poolMax: number): void {
  const filesMax = readOpenFilesMax();
  if (filesMax === undefined) return;
  const limit = Math.max(1, filesMax - OTHER_FILES - Math.min(poolMax, filesMax / 4));
  let warnedAt = Number.NEGATIVE_INFINITY;
  const warn = () => {
    const now = performance.now();
    if (now - warnedAt < WARN_EVERY_MS) return;
    warnedAt = now;
    logger.warning('connections_crowded', { limit: Math.floor(limit) });
  };
  server.maxConnections = Math.floor(limit);
  server.on('drop', warn);
  server.on('connection', (socket) => {
    if (lifecycle.connectionCount <= limit * CROWDED_SHARE) return;
    lifecycle.makeRoomFor(socket);
    warn();
  });
}

/** The soft limit (https://man7.org/linux/man-pages/man5/proc_pid_limits.5.html); undefined where there is no /proc. */
function readOpenFilesMax(): number | undefined {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
