// What the client does by itself; its calls are tested beside the service.
import { describe, expect, it } from 'vitest';
import { createdAtOf, createProductsClient, traceIdOf, traceUrlOf } from '../src/index.js';

describe('createProductsClient', () => {
  it.each(['', 'api.example.com', '/shop', 'http://'])('refuses %j, which is no URL outside of a page', (url) => {
    expect(() => createProductsClient({ url })).toThrow(
      new TypeError(
        `createProductsClient: url must be the service's, "https://api.example.com" or in a page "/shop"; received "${url}"`,
      ),
    );
  });
});

describe('createdAtOf', () => {
  it('reads a time without a zone as UTC', () => {
    expect(createdAtOf({ created_at: '2024-12-14T21:30:00' }).toISOString()).toBe('2024-12-14T21:30:00.000Z');
  });
});

describe('the trace of an error', () => {
  it.each([undefined, null, 'text', new Error('another')])('is undefined for %s', (error) => {
    expect(traceIdOf(error)).toBeUndefined();
    expect(traceUrlOf(error)).toBeUndefined();
  });
});
