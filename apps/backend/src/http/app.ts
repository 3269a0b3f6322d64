import type { RequestListener } from 'node:http';
import { parse } from 'node:querystring';
import { type Caller, createAppRouter, type Ports } from '@products/api-contract/server';
import type { Logger, Metrics } from '@products/telemetry';
import express from 'express';
import type { Lifecycle } from '../lifecycle.js';
import { Admission } from './admission.js';
import { browserPolicies } from './browser-policies.js';
import { docsRoutes } from './docs.js';
import { answerErrors, notFound, type SendError } from './errors.js';
import { landingRoutes } from './landing.js';
import { type Monitoring, monitoringRoutes } from './monitoring.js';
import { observeRequests } from './observe-requests.js';
import { listProcedures } from './procedures.js';
import { requireHttp1 } from './request-target.js';
import { createMessageClasses, type MessageClasses } from './response.js';
import { restRoutes } from './rest.js';
import { createRouteFinder, mountRoute } from './routes.js';
import { shedLoad } from './shed-load.js';
import { trpcRoutes } from './trpc.js';

export interface AppOptions {
  readonly ports: Ports;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly lifecycle: Lifecycle;
  readonly monitoring: Monitoring;
  /** `['*']`: any origin. */
  readonly corsOrigins: readonly string[];
  /** Where clients reach the service; undefined: under the root of whatever they call. */
  readonly publicUrl: string | undefined;
  /** A template with `{trace_id}`. */
  readonly traceUrl: string | undefined;
  /** Of the source; `unknown` when nobody has told. */
  readonly revision: string;
  readonly sendError: SendError;
  /** Calls in flight in the process. */
  readonly requestsMax: number;
  /** Whether a statement of this caller would be refused at once, after the expected ones before it. */
  readonly isPoolFullFor: (caller: Caller, expected: number) => boolean;
}

export interface App {
  /** Takes messages of these classes only. */
  readonly answer: RequestListener;
  readonly messageClasses: MessageClasses;
}

/** The HTTP side of the service, in the reading order of a request. Listens to nothing. */
export function createApp(options: AppOptions): App {
  const { ports, logger, corsOrigins, monitoring, publicUrl, traceUrl, sendError } = options;
  const router = createAppRouter(ports);
  const procedures = listProcedures(router);
  // Tried in turn, so those asked most come first.
  const routes = [
    ...restRoutes(router, procedures, publicUrl ?? ''),
    ...trpcRoutes(router, ports, procedures, logger),
    ...monitoringRoutes(monitoring, sendError),
    ...docsRoutes(procedures, publicUrl, traceUrl),
    ...landingRoutes(options),
  ];

  const app = express();
  app.enable('strict routing');
  app.enable('case sensitive routing');
  // Node.js's parser, without its limit of 1,000 parameters: those beyond would be ignored.
  app.set('query parser', (query: string) => parse(query, '&', '=', { maxKeys: 0 }));
  app.set('etag', false);
  app.disable('x-powered-by');
  app.use(browserPolicies(corsOrigins), requireHttp1);
  for (const route of routes) mountRoute(app, route);
  app.use(notFound);
  app.use(answerErrors(logger, sendError));

  const answer = observeRequests({
    ...options,
    findRoute: createRouteFinder(routes),
    admission: new Admission(options.requestsMax),
    shed: shedLoad(corsOrigins, sendError),
    answer: app,
  });
  return { answer: answer as RequestListener, messageClasses: createMessageClasses(app) };
}
