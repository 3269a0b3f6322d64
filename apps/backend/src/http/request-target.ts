import type { IncomingMessage, RequestListener } from 'node:http';

/**
 * Hands on requests whose target is in origin form, as Express's routes are: the absolute form, which every server has
 * to accept (RFC 9112, 3.2.2), is reduced to its path; anything else becomes a path that no route has, for a request that
 * Express cannot parse would pass by all of its handlers.
 */
export function withOriginForm(
  listener: (request: IncomingMessage, response: Parameters<RequestListener>[1]) => void,
): RequestListener {
  return (request, response) => {
    request.url = toOriginForm(request.url ?? '');
    listener(request, response);
  };
}

function toOriginForm(target: string): string {
  if (target.startsWith('/')) return target;
  if (!/^https?:/i.test(target) || !URL.canParse(target)) return `/${target}`;
  const { pathname, search } = new URL(target);
  return `${pathname}${search}`;
}
