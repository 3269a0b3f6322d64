import { TRPCError } from '@trpc/server';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ApiError, errorBodySchema, errorCatalogue, toApiError, toErrorBody } from '../src/errors.js';

const tell = (error: unknown) => toErrorBody(toApiError(error), { trace_id: null });

describe('what a client is told', () => {
  it('of an error made for it: code, label, message and details', () => {
    const error = new ApiError('NOT_FOUND', { message: 'Aucun produit n’a l’id 7.', details: { product_id: 7 } });
    expect(toErrorBody(toApiError(error), { trace_id: 'abc' })).toEqual({
      error: 'Ressource non trouvée',
      code: 'NOT_FOUND',
      message: 'Aucun produit n’a l’id 7.',
      trace_id: 'abc',
      product_id: 7,
    });
  });

  it.each([
    new Error('SELECT secret FROM canary'),
    new TRPCError({ code: 'INTERNAL_SERVER_ERROR', cause: new Error('canary') }),
    new TRPCError({ code: 'INTERNAL_SERVER_ERROR', message: 'canary' }),
    new TRPCError({ code: 'TEAPOT' as 'CONFLICT', message: 'canary' }),
    'canary',
    undefined,
    { message: 'canary' },
  ])('of an unexpected error (%o): a fixed message, and nothing of what happened', (error) => {
    expect(tell(error)).toEqual({
      error: 'Erreur interne',
      code: 'INTERNAL_SERVER_ERROR',
      message: errorCatalogue.INTERNAL_SERVER_ERROR.message,
      trace_id: null,
    });
  });

  it('of input that does not fit: each issue with its path, in code BAD_REQUEST', () => {
    const { error: cause } = z.object({ a: z.object({ b: z.string({ error: 'attendu b' }) }) }).safeParse({ a: {} });
    const body = tell(new TRPCError({ code: 'BAD_REQUEST', cause }));
    expect(body).toMatchObject({ code: 'BAD_REQUEST', issues: [{ path: 'a.b', message: 'attendu b' }] });
    expect(body.message).toBe('a.b : attendu b');
  });

  it('of malformed JSON: that it is, without the parser’s own words', () => {
    const cause = new SyntaxError('Unexpected token c in canary');
    expect(tell(new TRPCError({ code: 'BAD_REQUEST', cause }))).toMatchObject({
      code: 'BAD_REQUEST',
      message: 'Le JSON est mal formé.',
    });
  });

  it.each(Object.keys(errorCatalogue) as (keyof typeof errorCatalogue)[])(
    'of an error that tRPC raised itself with %s: the same code, in our words',
    (code) => {
      const body = tell(new TRPCError({ code, message: 'canary' }));
      expect(body).toEqual({
        error: errorCatalogue[code].error,
        code,
        message: errorCatalogue[code].message,
        trace_id: null,
      });
      expect(errorBodySchema.parse(body)).toEqual(body);
    },
  );

  it('never loses the cause, which is for the log', () => {
    const cause = new Error('why');
    expect(toApiError(cause).cause).toBe(cause);
    expect(toApiError(new TRPCError({ code: 'BAD_REQUEST', cause })).cause).toBe(cause);
  });
});
