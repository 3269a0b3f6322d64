import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@products/telemetry';
import type { AppResponse } from './http/response.js';
import type { Lifecycle } from './lifecycle.js';
import { runStopStep, type StopStep } from './running.js';
import { withTimeout } from './with-timeout.js';

/** How long the steps of the stop may take when a receiver of telemetry or a connection hangs. */
export const EXPORT_TIMEOUT_MS = 1_600;
export const CLOSE_TIMEOUT_MS = 1_000;

/** Longest part of the stop after the last request. */
export const SERVER_STOP_STEPS_MAX_MS = EXPORT_TIMEOUT_MS + CLOSE_TIMEOUT_MS;

/** Connections that the system has accepted are let in until so many turns of the event loop bring none: each brings one. */
const QUIET_TURNS = 3;
/** Where new ones never cease to come. */
const ACCEPTED_WITHIN_MS = 1_000;
const IDLE_CONNECTIONS_KEPT_MS = 500;
const IDLE_CONNECTIONS_CLOSED_EVERY_MS = 100;
/** Longest wait for the answers of interrupted requests. */
const INTERRUPTED_WITHIN_MS = 250;

export interface Shutdown {
  readonly logger: Logger;
  readonly server: Server;
  readonly lifecycle: Lifecycle;
  /** How long the service serves on while it is not ready. */
  readonly delayMs: number;
  /** Longest wait for open requests to end. */
  readonly timeoutMs: number;
  /** Answers a request that has taken longer, unless its answer has begun. */
  readonly interrupt: (response: AppResponse) => void;
  /** The steps after the last request, in this order, each with its time-out. */
  readonly steps: readonly StopStep[];
}

/** Stops in order: not ready, delay, accept no more, drain, then the steps. Resolves with whether all ended in time. */
export async function shutDown(shutdown: Shutdown): Promise<boolean> {
  const { logger, lifecycle, delayMs, timeoutMs, steps } = shutdown;
  lifecycle.startDraining();
  // No pause without a delay: a client whose connection is closed opens a new one at once.
  if (delayMs > 0) await sleep(delayMs);
  let isClean = await drain(shutdown);
  if (!isClean) logger.warning('requests_interrupted', { timeout_seconds: timeoutMs / 1_000 });
  for (const step of steps) isClean = (await runStopStep(logger, step)) && isClean;
  return isClean;
}

/** Lets in the connections that wait: a request may be on each, and closing the socket would reset them. */
async function acceptWaiting(server: Server, withinMs: number): Promise<void> {
  let accepted = 0;
  const count = () => {
    accepted += 1;
  };
  server.on('connection', count);
  const until = performance.now() + withinMs;
  for (let quietTurns = 0; quietTurns < QUIET_TURNS && performance.now() < until; ) {
    const before = accepted;
    await nextTurn();
    quietTurns = accepted === before ? quietTurns + 1 : 0;
  }
  server.off('connection', count);
}

async function drain({ server, lifecycle, timeoutMs, interrupt }: Shutdown): Promise<boolean> {
  await acceptWaiting(server, Math.min(ACCEPTED_WITHIN_MS, timeoutMs / 2));
  const closed = new Promise<void>((resolve) => {
    // http.Server's own close() would close idle connections at once, although a request may be on its way. A request that
    // arrives in the next 500 ms is answered with `Connection: close`; connections that stay idle are closed then.
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
    lifecycle.closeAllConnections();
    // By then the interrupted requests have written their lines and ended their spans.
    await withTimeout(lifecycle.allClosed(), INTERRUPTED_WITHIN_MS).catch(() => {});
    return responses.length === 0;
  } finally {
    clearInterval(closeIdle);
  }
}
