import { validate } from '@apidevtools/swagger-parser';
import { createAppRouter, errorSchemas, type Ports, responseSchemas } from '@products/api-contract/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRest, listProcedures } from '../src/http/procedures.js';
import { type Backend, post, startBackend } from './backend.js';

interface Media {
  readonly schema?: { readonly $ref?: string };
  readonly example?: unknown;
}
interface Answer {
  readonly $ref?: string;
  readonly description?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, Media>>;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema: Record<string, unknown>;
  }[];
  readonly requestBody?: { readonly content: { readonly 'application/json': Media } };
  readonly responses: Readonly<Record<string, Answer>>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly responses: Readonly<Record<string, Answer>>;
    readonly schemas: Readonly<Record<string, object>>;
  };
}

/** The router needs its ports only when it is called. */
const restProcedures = listProcedures(createAppRouter({ diagnostics: {} } as Ports)).filter(isRest);

let backend: Backend;
let document: Document;
beforeAll(async () => {
  backend = await startBackend({ SLOW_ENDPOINT_DELAY: '0.01' });
  document = (await (await backend.fetch('/openapi.json')).json()) as Document;
});
afterAll(() => backend.stop());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, operation })),
  );
const operation = (route: string) => {
  const found = operations().find((candidate) => candidate.route === route);
  if (found === undefined) throw new Error(`${route} is not in the document`);
  return found.operation;
};

describe('/openapi.json', () => {
  it('is a valid OpenAPI 3.1 document', async () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    await validate(structuredClone(document) as unknown as Parameters<typeof validate>[0]);
  });

  it('has every route: those of the procedures, and those beside them', () => {
    const beside = ['/', '/livez', '/readyz', '/metrics', '/openapi.json', '/docs'].map((path) => `GET ${path}`);
    const ofProcedures = restProcedures.map(({ rest: { method, path } }) => `${method} ${path}`);
    expect(
      operations()
        .map(({ route }) => route)
        .sort(),
    ).toEqual([...beside, ...ofProcedures].sort());
  });

  it('has every status that the contract names', () => {
    const statuses = Object.fromEntries(
      operations().map(({ route, operation: { responses } }) => [route, Object.keys(responses)]),
    );
    expect(statuses).toMatchObject({
      'GET /products': ['200', '400', '500', '503'],
      'GET /products/{id}': ['200', '400', '404', '500', '503'],
      'POST /products': ['201', '400', '409', '413', '415', '500', '503'],
      'PATCH /products/{id}': ['200', '400', '404', '409', '412', '413', '415', '500', '503'],
      'DELETE /products/{id}': ['204', '400', '404', '409', '412', '500', '503'],
      'GET /slow': ['200', '500'],
      'GET /error': ['500'],
      'GET /health': ['200', '500', '503'],
      'GET /livez': ['200'],
      'GET /readyz': ['200', '503'],
      'GET /metrics': ['200'],
    });
  });

  it('has the parameters with their bounds, and the headers', () => {
    expect(operation('GET /products').parameters).toMatchObject([
      { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 1_000 } },
      { name: 'after', in: 'query', schema: { type: 'integer', minimum: -(2 ** 53 - 1), maximum: 2 ** 53 - 1 } },
      { name: 'category', in: 'query', schema: { type: 'string', maxLength: 1_000 } },
      { name: 'q', in: 'query', schema: { type: 'string', maxLength: 1_000 } },
      { name: 'sort', in: 'query', schema: { type: 'string', enum: expect.arrayContaining(['id', '-price']) } },
    ]);
    expect(operation('GET /products/{id}').parameters).toMatchObject([
      { name: 'id', in: 'path', schema: { type: 'integer' } },
    ]);
    expect(Object.keys(operation('GET /products').responses['200']?.headers ?? {})).toEqual([
      'traceresponse',
      'Server-Timing',
      'Link',
    ]);
    expect(Object.keys(operation('POST /products').responses['201']?.headers ?? {})).toEqual([
      'traceresponse',
      'Server-Timing',
      'Location',
    ]);
  });

  it('describes the body of a new product as it is checked', () => {
    const { schema } = operation('POST /products').requestBody?.content['application/json'] ?? {};
    expect(schema).toEqual({ $ref: '#/components/schemas/NewProduct' });
    expect(document.components.schemas['NewProduct']).toMatchObject({
      type: 'object',
      required: ['name', 'price', 'category'],
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 200 },
        price: { type: 'number', exclusiveMinimum: 0 },
        category: { type: 'string', minLength: 1, maxLength: 100 },
      },
    });
  });

  it('has examples that fit their schemas, for every success of the router and for every error that it answers', () => {
    const named = new Map<string, { parse(value: unknown): unknown }>(Object.entries(responseSchemas));
    const examples = operations().flatMap(({ operation: { responses } }) =>
      Object.values(responses).flatMap(({ content }) => content?.['application/json'] ?? []),
    );
    const checked = examples.flatMap(({ schema, example }) => {
      const name = schema?.$ref?.split('/').at(-1) ?? '';
      return named.has(name) ? [expect(named.get(name)?.parse(example), name).toEqual(example)] : [];
    });
    const withSchema = restProcedures.flatMap(({ rest: { success } }) =>
      success !== null && 'schema' in success ? [success, ...[success.statusWhen ?? []].flat()] : [],
    );
    expect(checked).toHaveLength(withSchema.length);
    const referenced = [...JSON.stringify(document.paths).matchAll(/#\/components\/responses\/(\w+)/g)].map(
      ([, code]) => code,
    );
    expect(Object.keys(document.components.responses).sort()).toEqual([...new Set(referenced)].sort());
    for (const { content } of Object.values(document.components.responses)) {
      const { example } = content?.['application/json'] ?? {};
      expect(errorSchemas.ErrorBody.parse(example)).toEqual(example);
    }
  });

  it('has an example of a new product that the service takes', async () => {
    const { example } = operation('POST /products').requestBody?.content['application/json'] ?? {};
    expect((await backend.fetch('/products', post(example))).status).toBe(201);
  });

  it('describes what is really answered', async () => {
    const { Product, ProductList, SlowResult, HealthUp } = responseSchemas;
    const read = async (path: string) => (await backend.fetch(path)).json();
    expect(() => ProductList.parse([])).not.toThrow();
    for (const [schema, body] of [
      [ProductList, await read('/products')],
      [Product, await read('/products/1')],
      [SlowResult, await read('/slow')],
      [HealthUp, await read('/health')],
      [errorSchemas.ErrorBody, await read('/error')],
      [errorSchemas.ErrorBody, await read('/products/0')],
      [errorSchemas.ErrorBody, await read('/products/x')],
      [errorSchemas.ErrorBody, await read('/nowhere')],
    ] as const) {
      expect(schema.parse(body)).toEqual(body);
    }
  });
});

describe('the document', () => {
  it.each([
    [undefined, 'en', /Every error is JSON/],
    ['en-GB,en;q=0.9', 'en', /Every error is JSON/],
    ['fr-FR,fr;q=0.9,en;q=0.5', 'fr', /Toute erreur est en JSON/],
    ['de', 'en', /Every error is JSON/],
  ])('for Accept-Language %s explains the API in %s', async (accepted, language, text) => {
    const headers: Record<string, string> = accepted === undefined ? {} : { 'Accept-Language': accepted };
    const response = await backend.fetch('/openapi.json', { headers });
    expect(response.headers.get('content-language')).toBe(language);
    expect(response.headers.get('vary')).toMatch(/Accept-Language/);
    const { info } = (await response.json()) as { info: { description: string; version: string } };
    expect(info.description).toMatch(text);
    for (const word of ['trace_id', 'traceresponse', 'Link', '/trpc', 'issues'])
      expect(info.description).toContain(word);
    expect(info.version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('/docs', () => {
  it.each([
    [undefined, 'en', 'Products API'],
    ['en-GB,en;q=0.9,fr;q=0.5', 'en', 'Products API'],
    ['fr-CA,fr;q=0.9,en;q=0.5', 'fr', 'API des produits'],
    ['de', 'en', 'Products API'],
  ])('for Accept-Language %s is a page in %s', async (accepted, language, title) => {
    const headers: Record<string, string> = accepted === undefined ? {} : { 'Accept-Language': accepted };
    const response = await backend.fetch('/docs', { headers });
    expect(response.headers.get('content-language')).toBe(language);
    expect(response.headers.get('vary')).toMatch(/Accept-Language/);
    const page = await response.text();
    expect(page).toContain(`<html lang="${language}">`);
    expect(page).toContain(`<title>${title}</title>`);
  });

  it('is a page whose every file comes from this service, under a policy that allows nothing else', async () => {
    const page = await backend.fetch('/docs');
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page.headers.get('content-security-policy')).not.toMatch(/https?:|\*|upgrade-insecure-requests/);
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => String(file));
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      // Relative to the page, so that they are found behind a path prefix.
      expect(file).toMatch(/^docs\//);
      const response = await backend.fetch(`/${file}`);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).not.toMatch(/json/);
      expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(50);
    }
    expect(html).not.toMatch(/<script>|style=|onload=/);
  });
});
