import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@products/telemetry';
import type { Lifecycle } from './lifecycle.js';

const IDLE_CONNECTIONS_CLOSED_EVERY_MS = 100;

export interface Shutdown {
  readonly logger: Logger;
  readonly server: Server;
  readonly lifecycle: Lifecycle;
  /** How long the service goes on serving after it has said that it is not ready. */
  readonly delayMs: number;
  /** How long requests that have been accepted may take to end. */
  readonly timeoutMs: number;
  /** What to do, in this order, once no request is left, and how long each may take. */
  readonly steps: readonly { readonly name: string; readonly timeoutMs: number; readonly run: () => Promise<void> }[];
}

/** Stops in order: not ready, delay, accept no more, drain, then the steps. Returns whether all of it was in time. */
export async function shutDown({ logger, server, lifecycle, delayMs, timeoutMs, steps }: Shutdown): Promise<boolean> {
  lifecycle.startDraining();
  await sleep(delayMs);
  let isClean = await drain(server, timeoutMs);
  if (!isClean) logger.warning('Requêtes interrompues : délai d’arrêt dépassé', { timeout_seconds: timeoutMs / 1_000 });
  for (const { name, timeoutMs: stepTimeoutMs, run } of steps) {
    try {
      await withTimeout(run(), stepTimeoutMs);
    } catch (error) {
      isClean = false;
      logger.warning(`Arrêt incomplet : ${name}`, { error });
    }
  }
  return isClean;
}

async function drain(server: Server, timeoutMs: number): Promise<boolean> {
  // A connection that was busy when the server closed is idle later, and would keep it open.
  const closeIdle = setInterval(() => server.closeIdleConnections(), IDLE_CONNECTIONS_CLOSED_EVERY_MS);
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  try {
    await withTimeout(closed, timeoutMs);
    return true;
  } catch {
    server.closeAllConnections();
    return false;
  } finally {
    clearInterval(closeIdle);
  }
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`pas terminé en ${timeoutMs / 1_000} s`)), timeoutMs);
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}
