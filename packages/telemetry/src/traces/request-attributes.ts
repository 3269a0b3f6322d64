import type { IncomingMessage } from 'node:http';
import parseForwarded from 'forwarded-parse';
import type { SpanAttributes } from './spans.js';

/** Any other method is `_OTHER` (https://opentelemetry.io/docs/specs/semconv/http/http-spans/). */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  ...['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE'],
]);

/** Query parameters whose values are secrets (https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/). */
const SECRET_PARAMETERS = /(?<=^|&)(AWSAccessKeyId|Signature|sig|X-Goog-Signature)=[^&]*/g;

/** A request as its span names it. */
export interface RequestDescription {
  /** `GET /products/:id`, `products.list`; the method alone for no route. */
  readonly name: string;
  /** The template that the path matched; undefined for no route. */
  readonly route: string | undefined;
  /** The origin that an absolute request target names. */
  readonly origin: string | undefined;
}

/** OpenTracing's tags and the stable semantic conventions of a SERVER span, from the head of the request. */
export function describeRequest(
  { method = '', url = '', headers, socket, httpVersion }: IncomingMessage,
  { route, origin }: RequestDescription,
): SpanAttributes {
  const [path = '', rawQuery] = splitOnce(url, '?');
  const query = rawQuery?.replaceAll(SECRET_PARAMETERS, '$1=REDACTED');
  const host = headers.host ?? `${socket.localAddress}:${socket.localPort}`;
  const server = findServer(headers);
  const userAgent = headers['user-agent'];
  const isKnown = KNOWN_METHODS.has(method);
  return {
    'http.method': method,
    'http.url': `${origin ?? `http://${host}`}${path}${query === undefined ? '' : `?${query}`}`,
    'http.request.method': isKnown ? method : '_OTHER',
    'url.scheme': 'http',
    'url.path': path,
    'server.address': server?.address ?? socket.localAddress ?? '',
    'network.peer.address': socket.remoteAddress ?? '',
    'network.peer.port': socket.remotePort ?? 0,
    'network.protocol.version': httpVersion,
    'client.address': findClientAddress(headers) ?? socket.remoteAddress ?? '',
    ...(route === undefined ? {} : { 'http.route': route }),
    ...(isKnown ? {} : { 'http.request.method_original': method }),
    ...(query === undefined || query === '' ? {} : { 'url.query': query }),
    ...(server?.port === undefined ? {} : { 'server.port': server.port }),
    ...(userAgent === undefined ? {} : { 'user_agent.original': userAgent }),
  };
}

type Headers = IncomingMessage['headers'];

/** The host that the client called: from `Forwarded` (RFC 7239), `X-Forwarded-Host` or `Host`. */
function findServer(headers: Headers): { address: string; port?: number } | undefined {
  const { host, proto } = readForwarded(headers).find((entry) => entry['host'] !== undefined) ?? {};
  if (host !== undefined) return splitHost(host, proto);
  const forwardedHost = first(headers['x-forwarded-host']);
  if (forwardedHost) return splitHost(forwardedHost, first(headers['x-forwarded-proto']));
  return headers.host ? splitHost(headers.host, 'http') : undefined;
}

function findClientAddress(headers: Headers): string | undefined {
  const forwarded = readForwarded(headers).find((entry) => entry['for'] !== undefined);
  const address = forwarded?.['for'] ?? first(headers['x-forwarded-for'])?.split(',', 1)[0]?.trim();
  return address ? splitHost(address).address : undefined;
}

function readForwarded({ forwarded }: Headers) {
  if (forwarded === undefined) return [];
  try {
    return parseForwarded(forwarded);
  } catch {
    return [];
  }
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** `shop.example:8080`, `[::1]:8080`, or an address alone. */
function splitHost(host: string, scheme = ''): { address: string; port?: number } {
  const [, address = host, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(host) ?? [];
  const number = port === undefined ? DEFAULT_PORTS[scheme] : Number(port);
  return number === undefined ? { address } : { address, port: number };
}

function splitOnce(text: string, separator: string): [string, string?] {
  const index = text.indexOf(separator);
  return index === -1 ? [text] : [text.slice(0, index), text.slice(index + separator.length)];
}

function first(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
