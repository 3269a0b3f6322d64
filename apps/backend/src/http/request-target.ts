import type { IncomingMessage, RequestListener } from 'node:http';
import { ApiError } from '@products/api-contract/server';
import { splitTarget } from '@products/telemetry';
import type { RequestHandler } from 'express';

/**
 * Hands on requests whose target is in origin form, as Express's routes are: the absolute form, which every server has
 * to accept (RFC 9112, 3.2.2), is reduced to its path; anything else becomes a path that no route has, for a request that
 * Express cannot parse would pass by all of its handlers.
 */
export function withOriginForm(
  listener: (request: IncomingMessage, response: Parameters<RequestListener>[1]) => void,
): RequestListener {
  return (request, response) => {
    request.url = splitTarget(request.url ?? '').target;
    listener(request, response);
  };
}

/** HTTP/1.1 asks for it (RFC 9112, 3.2). */
export const requireHost: RequestHandler = ({ httpVersion, headers }, _response, next) => {
  if (httpVersion === '1.1' && headers.host === undefined) {
    throw new ApiError('BAD_REQUEST', { message: 'L’en-tête Host est obligatoire.' });
  }
  next();
};
