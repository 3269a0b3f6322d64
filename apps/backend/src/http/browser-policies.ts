import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import cors from 'cors';
import helmet from 'helmet';
import { compileOrigins } from './origins.js';
import type { AppResponse } from './response.js';

/** Headers that scripts of other origins may read. */
const EXPOSED_HEADERS = ['traceresponse', 'Server-Timing', 'Link', 'Location', 'ETag', 'Retry-After', 'Allow'];

type Handler<R extends ServerResponse> = (request: IncomingMessage, response: R, next: () => void) => void;

/**
 * Security headers for browsers, CORS for the configured origins, and for caches: answers are not stored unless a route allows
 * it. What a request without `Origin` gets is always the same, and is asked of the two libraries once.
 */
export function browserPolicies(origins: readonly string[]): Handler<AppResponse> {
  const secure = secureHeaders();
  const allow = allowOrigins(origins);
  const decide: Handler<ServerResponse> = (request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    secure(request, response, () => allow(request, response, next));
  };
  const usual = headersOf(decide);
  return (request, response, next) => {
    if (request.headers.origin !== undefined || request.method === 'OPTIONS') return decide(request, response, next);
    response.headerList.push(...usual);
    next();
  };
}

/** The names and values of the headers that a request without any gets. */
function headersOf(handler: Handler<ServerResponse>): string[] {
  // Its types lack a method that Node.js documents.
  const response = new ServerResponse(new IncomingMessage(new Socket())) as ServerResponse & {
    getRawHeaderNames(): string[];
  };
  handler(response.req, response, () => {});
  return response.getRawHeaderNames().flatMap((name) => [name, String(response.getHeader(name))]);
}

function secureHeaders(): Handler<ServerResponse> {
  return helmet({
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
}

function allowOrigins(origins: readonly string[]): Handler<ServerResponse> {
  return cors({
    origin: compileOrigins(origins),
    exposedHeaders: EXPOSED_HEADERS,
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS'],
    // The routes answer OPTIONS themselves, with `Allow`.
    preflightContinue: true,
    maxAge: 600,
  });
}
