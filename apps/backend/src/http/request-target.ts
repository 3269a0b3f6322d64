import { ApiError } from '@products/api-contract/server';
import type { RequestHandler } from 'express';

/** A request target in origin form (RFC 9112, 3.2.1), and its parts. */
export interface RequestTarget {
  /** Of an absolute target, without credentials. */
  readonly origin: string | undefined;
  readonly target: string;
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
}

/**
 * Brings a request target into origin form. The absolute form, which every server has to accept (RFC 9112, 3.2.2), is
 * reduced to its path; any other text becomes a path that no route has, for Express would pass by all of its handlers.
 */
export function splitTarget(url: string): RequestTarget {
  // Several leading slashes count as one: a base URL that ends with one.
  if (url.startsWith('/')) return split(undefined, url.replace(/^\/{2,}/, '/'));
  if (!/^https?:/i.test(url) || !URL.canParse(url)) return split(undefined, `/${url}`);
  const { origin, pathname, search } = new URL(url);
  return split(origin, `${pathname}${search}`.replace(/^\/{2,}/, '/'));
}

function split(origin: string | undefined, target: string): RequestTarget {
  const index = target.indexOf('?');
  return index === -1
    ? { origin, target, path: target, query: '' }
    : { origin, target, path: target.slice(0, index), query: target.slice(index + 1) };
}

/** Refuses a head that Node.js lets pass: another version, no Host in HTTP/1.1, or several (RFC 9112, 3.2). */
export const requireHttp1: RequestHandler = ({ httpVersion, httpVersionMajor, rawHeaders }, _response, next) => {
  if (httpVersionMajor !== 1) {
    throw new ApiError('BAD_REQUEST', { message: `HTTP/1.1 est attendu, reçu : HTTP/${httpVersion}.` });
  }
  const hosts = countHosts(rawHeaders);
  if (hosts > 1) throw new ApiError('BAD_REQUEST', { message: `Un seul en-tête Host est permis, reçus : ${hosts}.` });
  if (hosts === 0 && httpVersion === '1.1') {
    throw new ApiError('BAD_REQUEST', { message: 'L’en-tête Host est obligatoire.' });
  }
  next();
};

function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) if (/^host$/i.test(rawHeaders[index] ?? '')) count += 1;
  return count;
}
