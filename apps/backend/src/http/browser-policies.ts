import type { IncomingMessage, ServerResponse } from 'node:http';
import cors from 'cors';
import helmet from 'helmet';

/** What scripts of other origins may read of a response, beside its body. */
const EXPOSED_HEADERS = ['traceresponse', 'Link', 'Location', 'Retry-After', 'Allow'];

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** Headers that make browsers careful. */
export function secureHeaders(): Handler {
  return helmet({
    contentSecurityPolicy: {
      // Helmet's defaults less `upgrade-insecure-requests`, with which a browser would ask a service on plain HTTP
      // for the scripts of /docs over HTTPS.
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
    // An API for other origins: what they may read is CORS's to say.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    // For whoever terminates TLS to decide, for the whole host name.
    strictTransportSecurity: false,
  });
}

/** CORS for the configured origins. */
export function allowOrigins(origins: readonly string[]): Handler {
  return cors({
    origin: origins.includes('*') ? '*' : [...origins],
    exposedHeaders: EXPOSED_HEADERS,
    methods: ['GET', 'HEAD', 'POST', 'OPTIONS'],
    // The routes answer OPTIONS themselves, with the methods that each has.
    preflightContinue: true,
    maxAge: 600,
  });
}
