import type { IncomingMessage } from 'node:http';
import type { Caller } from '@products/api-contract/server';
import {
  countedMethods,
  type Logger,
  type LogLevel,
  type Metrics,
  monitoringPaths,
  startRequestSpan,
  startUntracedRequest,
} from '@products/telemetry';
import type { Lifecycle } from '../lifecycle.js';
import type { Admission } from './admission.js';
import { trackCaller } from './caller.js';
import { splitTarget } from './request-target.js';
import type { AppResponse } from './response.js';
import type { FindRoute } from './routes.js';

/** The `path` label of every request that matched no route. */
const UNMATCHED = '(unmatched)';

const COUNTED_METHODS: ReadonlySet<string> = new Set(countedMethods);

/** What answers requests. */
export type Listener = (request: IncomingMessage, response: AppResponse) => void;

interface Options {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly lifecycle: Lifecycle;
  readonly findRoute: FindRoute;
  readonly admission: Admission;
  /** Whether a statement of this caller would be refused at once, after the expected ones before it. */
  readonly isPoolFullFor: (caller: Caller, expected: number) => boolean;
  /** Refuses a request that is too much. */
  readonly shed: Listener;
  readonly answer: Listener;
}

/** Runs work for a response outside of its request: on a connection's error, at the end of the process. */
export function runInRequest<T>(response: AppResponse, work: () => T): T {
  const { requestSpan } = response;
  return requestSpan === undefined ? work() : requestSpan.run(work);
}

/**
 * Where requests come in: each gets its span, its two log lines and its measurement, from its arrival to the end of its
 * response. Monitoring's own requests are neither traced nor measured. A shed request gets no span, for tracing one costs
 * nearly as much as answering one.
 */
export function observeRequests(options: Options): Listener {
  const { logger, metrics, lifecycle, findRoute, admission, isPoolFullFor, shed, answer } = options;
  /** Requests that will ask for a connection of the pool in the next turn. */
  let expected = 0;
  const observe = (request: IncomingMessage, response: AppResponse) => {
    const startedAt = performance.now();
    const { method = '' } = request;
    const { origin, target, path, query } = splitTarget(request.url ?? '');
    // Express's routes are in origin form.
    request.url = target;
    const route = findRoute(method, path, query);
    const caller = trackCaller(response);
    const calls = route?.calls ?? 1;
    const isMonitoring = monitoringPaths.has(path);
    const isAdmitted = isMonitoring || admission.admit(caller.peer, calls);
    const isShed = !isAdmitted || (route?.needsDatabase === true && isPoolFullFor(caller, expected));
    const span =
      isShed || isMonitoring
        ? startUntracedRequest(request)
        : startRequestSpan(request, { name: route?.spanName ?? method, route: route?.template, origin });
    response.requestSpan = span;

    span.run(() => {
      const { traceResponse } = span;
      if (traceResponse !== undefined) {
        // The second is the form that browser agents read (https://www.w3.org/TR/server-timing/).
        const timing = `traceparent;desc="${traceResponse}"`;
        response.headerList.push('traceresponse', traceResponse, 'Server-Timing', timing);
      }
      logger.log(isMonitoring ? 'DEBUG' : 'INFO', 'request_received', { method, path });
      if (!isMonitoring) metrics.requestStarted();
      response.once('close', () => {
        const durationSeconds = (performance.now() - startedAt) / 1_000;
        const status = statusOf(response);
        const template = route?.template ?? UNMATCHED;
        if (isAdmitted && !isMonitoring) admission.release(caller.peer, calls);
        span.end(status);
        if (!isMonitoring) {
          metrics.requestEnded({
            method: COUNTED_METHODS.has(method) ? method : '_OTHER',
            path: template,
            status,
            durationSeconds,
            traceId: span.sampledTraceId,
          });
        }
        const duration_ms = Math.round(durationSeconds * 1e6) / 1e3;
        const level = isMonitoring ? 'DEBUG' : levelOf(status);
        // The response may be closed from anywhere, outside the request's context too.
        span.run(() => logger.log(level, 'request_completed', { method, path, status, route: template, duration_ms }));
      });
      if (isShed) shed(request, response);
      else if (route?.needsDatabase !== true) answer(request, response);
      else {
        expected += 1;
        inNextTurn(() => {
          expected -= 1;
          // Refused meanwhile: its body cannot be read, or the service has stopped.
          if (!request.socket.destroyed && !response.headersSent) answer(request, response);
        });
      }
    });
  };
  return (request, response) => lifecycle.begin(response, () => observe(request, response));
}

/** Runs work a turn of the event loop later: only then is the reset of a client that has left known. */
function inNextTurn(work: () => void): void {
  setImmediate(() => setImmediate(work));
}

/** The status of a closed response, unless it failed on the way (500) or its client left (499). */
function statusOf(response: AppResponse): number {
  if (response.writableFinished) return response.statusCode;
  return response.errored === null ? 499 : 500;
}

function levelOf(status: number): LogLevel {
  if (status >= 500) return 'ERROR';
  return status >= 400 ? 'WARNING' : 'INFO';
}
