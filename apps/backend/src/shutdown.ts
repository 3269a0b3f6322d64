import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@products/telemetry';
import type { Lifecycle } from './lifecycle.js';
import { withTimeout } from './with-timeout.js';

const IDLE_CONNECTIONS_KEPT_MS = 500;
const IDLE_CONNECTIONS_CLOSED_EVERY_MS = 100;
/** How long the last answers may take to be written. */
const INTERRUPTED_WITHIN_MS = 250;

export interface Shutdown {
  readonly logger: Logger;
  readonly server: Server;
  readonly lifecycle: Lifecycle;
  /** How long the service goes on serving after it has said that it is not ready. */
  readonly delayMs: number;
  /** How long requests that have been accepted may take to end. */
  readonly timeoutMs: number;
  /** Answers a request that has taken longer, if there is still something to answer. */
  readonly interrupt: (response: ServerResponse) => void;
  /** What to do, in this order, once no request is left, and how long each may take. */
  readonly steps: readonly { readonly name: string; readonly timeoutMs: number; readonly run: () => Promise<void> }[];
}

/** Stops in order: not ready, delay, accept no more, drain, then the steps. Returns whether all of it was in time. */
export async function shutDown(shutdown: Shutdown): Promise<boolean> {
  const { logger, lifecycle, delayMs, timeoutMs, steps } = shutdown;
  lifecycle.startDraining();
  // Without a delay, no moment between the two: clients that are told to close their connections make new ones.
  if (delayMs > 0) await sleep(delayMs);
  let isClean = await drain(shutdown);
  if (!isClean) logger.warning('requests_interrupted', { timeout_seconds: timeoutMs / 1_000 });
  for (const { name, timeoutMs: stepTimeoutMs, run } of steps) {
    try {
      await withTimeout(run(), stepTimeoutMs);
    } catch (error) {
      isClean = false;
      logger.warning('stop_incomplete', { step: name, error });
    }
  }
  return isClean;
}

async function drain({ server, lifecycle, timeoutMs, interrupt }: Shutdown): Promise<boolean> {
  const closed = new Promise<void>((resolve) => {
    // An HTTP server would close idle connections at once, on which a request may be on its way. As long as they get one,
    // their client is told to close them; what is idle after that has none.
    NetServer.prototype.close.call(server, () => resolve());
  });
  const startedAt = performance.now();
  const closeIdle = setInterval(() => {
    if (performance.now() - startedAt > IDLE_CONNECTIONS_KEPT_MS) lifecycle.closeIdleConnections();
  }, IDLE_CONNECTIONS_CLOSED_EVERY_MS);
  try {
    await withTimeout(closed, timeoutMs);
    return true;
  } catch {
    const responses = lifecycle.openResponses();
    for (const response of responses) interrupt(response);
    await withTimeout(lifecycle.allClosed(), INTERRUPTED_WITHIN_MS).catch(() => {});
    server.closeAllConnections();
    // Only then have those that could not be answered written their lines and ended their spans.
    await lifecycle.allClosed();
    return responses.length === 0;
  } finally {
    clearInterval(closeIdle);
  }
}
