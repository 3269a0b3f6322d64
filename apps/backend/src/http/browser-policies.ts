import type { IncomingMessage, ServerResponse } from 'node:http';
import cors from 'cors';
import helmet from 'helmet';
import { compileOrigins } from './origins.js';

/** Headers that scripts of other origins may read. */
const EXPOSED_HEADERS = ['traceresponse', 'Server-Timing', 'Link', 'Location', 'Retry-After', 'Allow'];

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** Security headers for browsers, and for caches: answers are not stored unless a route allows it. */
export function secureHeaders(): Handler {
  const secure = helmet({
    contentSecurityPolicy: {
      // Helmet's defaults include `upgrade-insecure-requests`: a browser would load the scripts of /docs over HTTPS
      // from a service on plain HTTP.
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        connectSrc: ["'self'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        imgSrc: ["'self'", 'data:'],
        scriptSrc: ["'self'"],
        // Swagger UI sets style attributes.
        styleSrc: ["'self'", "'unsafe-inline'"],
      },
    },
    // CORS alone decides which origins read this API.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    // The proxy that terminates TLS decides it, for the whole host name.
    strictTransportSecurity: false,
  });
  return (request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    secure(request, response, next);
  };
}

/** CORS for the configured origins. */
export function allowOrigins(origins: readonly string[]): Handler {
  return cors({
    origin: compileOrigins(origins),
    exposedHeaders: EXPOSED_HEADERS,
    methods: ['GET', 'HEAD', 'POST', 'OPTIONS'],
    // The routes answer OPTIONS themselves, with `Allow`.
    preflightContinue: true,
    maxAge: 600,
  });
}
