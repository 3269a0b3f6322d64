import { isUtf8 } from 'node:buffer';
import { MIMEType } from 'node:util';
import { ApiError } from '@products/api-contract/server';
import express, { type RequestHandler } from 'express';

/** Largest request body, inflated. */
const BODY_BYTES_MAX = 102_400;

/** Reads the body of a request as text, which both doors parse as JSON: bounded, inflated, and valid UTF-8. */
export const readJsonText: readonly RequestHandler[] = [
  ({ headers }, _response, next) => {
    const contentType = headers['content-type'] ?? '';
    if (isJson(contentType)) return next();
    const received = contentType === '' ? 'aucun Content-Type' : `« ${contentType} »`;
    throw new ApiError('UNSUPPORTED_MEDIA_TYPE', {
      message: `Content-Type: application/json est attendu, en UTF-8 ; reçu : ${received}.`,
    });
  },
  express.text({
    type: () => true,
    limit: BODY_BYTES_MAX,
    verify: (_request, _response, body) => {
      // Decoding would put U+FFFD in place of what is not UTF-8, and so store something that was never sent.
      if (!isUtf8(body)) throw new ApiError('BAD_REQUEST', { message: 'Le corps de la requête n’est pas en UTF-8.' });
    },
  }),
];

/** RFC 8259: JSON exchanged between systems is UTF-8. */
function isJson(contentType: string): boolean {
  try {
    const { essence, params } = new MIMEType(contentType);
    return essence === 'application/json' && (params.get('charset') ?? 'utf-8').toLowerCase() === 'utf-8';
  } catch {
    return false;
  }
}
