import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, startBackend } from './backend.js';

// For any JSON value, REST and tRPC give the same data or the same error code.

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend();
});
afterAll(() => backend.stop());

/** What both transports must agree on. */
type Outcome = { readonly data: unknown } | { readonly code: unknown; readonly wrong: unknown };

/** The fields that an error complains about; their messages name values, which REST spells as text. */
const pathsOf = (issues?: readonly { path: string }[]) => issues?.map(({ path }) => path);

interface RestError {
  readonly code: string;
  readonly issues?: readonly { readonly path: string }[];
}

async function throughRest(path: string, init?: RequestInit): Promise<Outcome> {
  const response = await backend.fetch(path, init);
  const body = (await response.json()) as RestError;
  return response.ok ? { data: body } : { code: body.code, wrong: pathsOf(body.issues) };
}

async function throughTrpc(path: string, init?: RequestInit): Promise<Outcome> {
  const body = (await (await backend.fetch(`/trpc/${path}`, init)).json()) as
    | { result: { data: unknown } }
    | { error: { data: RestError } };
  return 'result' in body
    ? { data: body.result.data }
    : { code: body.error.data.code, wrong: pathsOf(body.error.data.issues) };
}

const postJson = (body: string): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body,
});
const inputOf = (json: string) => `input=${encodeURIComponent(json)}`;

/** Created twice, a product has two ids, and maybe two seconds. */
function withoutIdentity(outcome: Outcome): Outcome {
  if (!('data' in outcome)) return outcome;
  const { id: _, created_at: __, ...product } = outcome.data as Record<string, unknown>;
  return { data: product };
}

const nearMiss = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 210 }),
  fc.constantFrom('', ' ', '\0', 'a'.repeat(200), 'a'.repeat(201), '😀'.repeat(200), '😀'.repeat(201), '\ud800'),
  fc.double(),
  fc.constantFrom(0, -1, Number.POSITIVE_INFINITY, Number.MIN_VALUE, Number.MAX_VALUE),
  fc.jsonValue(),
);

const product = fc.record(
  {
    name: fc.oneof({ weight: 3, arbitrary: fc.string({ minLength: 1, maxLength: 20 }) }, nearMiss),
    price: fc.oneof({ weight: 3, arbitrary: fc.double({ min: 0.01, max: 1e6, noNaN: true }) }, nearMiss),
    category: fc.oneof({ weight: 3, arbitrary: fc.string({ minLength: 1, maxLength: 20 }) }, nearMiss),
    ['__proto__']: nearMiss,
  },
  { requiredKeys: [] },
);

describe('both transports agree', () => {
  it('on the creation of any JSON value', async () => {
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.oneof({ weight: 4, arbitrary: product }, fc.jsonValue()), async (value) => {
        const body = JSON.stringify(value);
        const rest = withoutIdentity(await throughRest('/products', postJson(body)));
        expect(rest).toEqual(withoutIdentity(await throughTrpc('products.create', postJson(body))));
        outcomes.add('data' in rest ? 'data' : String(rest.code));
      }),
      { numRuns: 500 },
    );
    expect([...outcomes].sort()).toEqual(['BAD_REQUEST', 'data']);
  });

  it('on any body that is or is not JSON', async () => {
    const code = (outcome: Outcome) => ('data' in outcome ? withoutIdentity(outcome) : outcome.code);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => json.slice(0, -1)),
        ),
        async (body) => {
          const rest = code(await throughRest('/products', postJson(body)));
          expect(rest).toEqual(code(await throughTrpc('products.create', postJson(body))));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('on the product of any number', async () => {
    const id = fc.oneof(fc.integer({ min: -2, max: 12 }), fc.integer(), fc.maxSafeInteger(), fc.double());
    await fc.assert(
      fc.asyncProperty(id, async (value) => {
        // Where JSON has no word for a number, or another spelling than REST's decimal one, there is nothing to compare.
        fc.pre(/^-?[\d.]+$/.test(JSON.stringify(value)));
        const text = JSON.stringify(value);
        expect(await throughRest(`/products/${text}`)).toEqual(
          await throughTrpc(`products.byId?${inputOf(`{"id":${text}}`)}`),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('on any page', async () => {
    const edge = fc.constantFrom(0, 1, 1_000, 1_001, -1, 2_147_483_648, 2 ** 53 - 1, 2 ** 53, 1.5);
    const parameter = fc.option(fc.oneof(fc.integer({ min: -1, max: 12 }), edge), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(parameter, parameter, async (limit, cursor) => {
        // REST calls the cursor `after`.
        const query = Object.entries({ limit, after: cursor }).flatMap(([name, value]) =>
          value === undefined ? [] : [`${name}=${value}`],
        );
        const rest = await throughRest(`/products?${query.join('&')}`);
        const trpc = await throughTrpc(`products.list?${inputOf(JSON.stringify({ limit, cursor }))}`);
        const renamed = JSON.parse(JSON.stringify(rest).replaceAll('"after"', '"cursor"'));
        expect(renamed).toEqual('data' in trpc ? { data: (trpc.data as { items: unknown }).items } : trpc);
      }),
      { numRuns: 200 },
    );
  });

  it('on health', async () => {
    const outcome = async (asked: Promise<Outcome>) => ({ ...((await asked) as { data: object }).data, timestamp: '' });
    const up = { status: 'UP', service: 'backend', database: 'connected', timestamp: '' };
    expect(await outcome(throughRest('/health'))).toEqual(up);
    expect(await outcome(throughTrpc('health.check'))).toEqual(up);
  });
});
