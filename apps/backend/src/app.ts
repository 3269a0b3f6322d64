import { parse } from 'node:querystring';
import express, { type Express } from 'express';
import type { Dependencies } from './dependencies.js';
import { allowOrigins, secureHeaders } from './http/browser-policies.js';
import { mountDocs } from './http/docs.js';
import { answerErrors, notFound, sendErrorBody } from './http/error-response.js';
import { mountMonitoring } from './http/monitoring.js';
import { observeRequests } from './http/observe-requests.js';
import { requireHost } from './http/request-target.js';
import { mountRest } from './http/rest.js';
import { isTrpcRequest, mountTrpc, sendTrpcError } from './http/trpc.js';

/** The HTTP side of the service, in the reading order of a request. Listens to nothing. */
export function createApp(dependencies: Dependencies): Express {
  const { config, lifecycle, logger, metrics, router } = dependencies;
  const app = express();
  app.enable('strict routing');
  app.enable('case sensitive routing');
  // Node.js's parser, without its limit of 1,000 parameters: what comes after would be ignored.
  app.set('query parser', (query: string) => parse(query, '&', '=', { maxKeys: 0 }));
  app.set('etag', false);

  app.use(observeRequests(logger, metrics));
  app.use((_request, response, next) => {
    lifecycle.trackResponse(response);
    next();
  });
  app.use(secureHeaders(), allowOrigins(config.corsOrigins));
  app.use(requireHost);

  mountMonitoring(app, dependencies);
  mountRest(app, router);
  mountTrpc(app, dependencies);
  mountDocs(app, router);

  app.use(notFound);
  app.use(
    answerErrors(logger, (error, request, response) =>
      isTrpcRequest(request) ? sendTrpcError(router, error, response) : sendErrorBody(error, response),
    ),
  );
  return app;
}
