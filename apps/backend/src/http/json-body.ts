import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { MIMEType } from 'node:util';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { ApiError } from '@products/api-contract/server';
import type { RequestHandler } from 'express';
import { getRawBody } from 'raw-body';

/** Largest request body, inflated. */
const BODY_BYTES_MAX = 102_400;

const inflaters = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress } as const;

/**
 * Reads the body of a request as text into `request.body`; both transports parse it as JSON. A body that is too large is
 * refused as soon as that is known; Express's own parsers would first read all of it.
 */
export const readJsonText: RequestHandler = async (request, response, next) => {
  requireJson(request.headers['content-type'] ?? '');
  try {
    const { headers } = request;
    const encoding = (headers['content-encoding'] ?? 'identity').toLowerCase();
    const body = await getRawBody(inflate(request, encoding), {
      limit: BODY_BYTES_MAX,
      length: encoding === 'identity' ? (headers['content-length'] ?? null) : null,
    });
    request.body = decode(body);
  } catch (error) {
    // The rest of the body is not read, so the connection cannot be used again.
    response.setHeader('Connection', 'close');
    throw toApiError(error);
  }
  next();
};

/** JSON's own media type, and those made of it (RFC 6839, 3.1). */
const JSON_TYPE = /^application\/(?:json|[^/;\s]+\+json)$/;

/** RFC 8259: JSON exchanged between systems is UTF-8, which has several labels (https://encoding.spec.whatwg.org/#names-and-labels). */
function requireJson(contentType: string): void {
  // What nearly every client sends, without the cost of a parser.
  if (contentType === 'application/json') return;
  try {
    const { essence, params } = new MIMEType(contentType);
    if (JSON_TYPE.test(essence) && new TextDecoder(params.get('charset') ?? 'utf-8').encoding === 'utf-8') return;
  } catch {
    // No media type, or an encoding that nobody knows.
  }
  const received = contentType === '' ? 'aucun Content-Type' : `« ${contentType} »`;
  throw new ApiError('UNSUPPORTED_MEDIA_TYPE', {
    message: `Content-Type: application/json ou application/*+json est attendu, en UTF-8 ; reçu : ${received}.`,
  });
}

function inflate(request: IncomingMessage, encoding: string): Readable {
  if (encoding === 'identity') return request;
  if (!isInflatable(encoding)) {
    throw new ApiError('UNSUPPORTED_MEDIA_TYPE', {
      message: `Content-Encoding: gzip, deflate, br ou identity est attendu ; reçu : « ${encoding} ».`,
    });
  }
  const inflater = inflaters[encoding]();
  request.once('error', (error) => inflater.destroy(error));
  return request.pipe(inflater);
}

function isInflatable(encoding: string): encoding is keyof typeof inflaters {
  return Object.hasOwn(inflaters, encoding);
}

/** Lenient decoding would store U+FFFD in place of bytes that are not UTF-8. */
function decode(body: Buffer): string {
  if (!isUtf8(body)) throw new ApiError('BAD_REQUEST', { message: 'Le corps de la requête n’est pas en UTF-8.' });
  const text = body.toString();
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** @param error the inflater's, or raw-body's with its `type` */
function toApiError(error: unknown): unknown {
  if (error instanceof ApiError || !(error instanceof Error)) return error;
  const type = 'type' in error ? error.type : undefined;
  if (type === 'entity.too.large') {
    const message = `Le corps de la requête dépasse ${BODY_BYTES_MAX} octets.`;
    return new ApiError('PAYLOAD_TOO_LARGE', { message, cause: error });
  }
  if (type === 'request.aborted') return new ApiError('CLIENT_CLOSED_REQUEST', { cause: error });
  return new ApiError('BAD_REQUEST', {
    message: 'Le corps de la requête ne peut être lu ou décompressé.',
    cause: error,
  });
}
