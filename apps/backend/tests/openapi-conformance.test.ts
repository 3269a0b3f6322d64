import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { anyJson, anyProduct } from './any-value.js';
import { type Backend, post, startBackend } from './backend.js';
import { inGateOrSoak, report, SOAK_TIMEOUT_MS } from './soak.js';

// The service against its own /openapi.json, by the checks of Schemathesis
// (https://schemathesis.readthedocs.io/en/stable/reference/checks/): those of them that there is something to check of,
// which leaves out authentication and required headers.

const CASES = inGateOrSoak(1_000, 100_000);

/** No answer may take that long. */
const RESPONSE_MS_MAX = 5_000;

interface Operation {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: 'path' | 'query' | 'header';
    readonly schema: object;
  }[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, unknown>>;
}

/** A request that was generated, and whether the document allows it. */
interface Case {
  readonly method: string;
  readonly path: string;
  readonly init: RequestInit;
  readonly isAllowed: boolean;
}

const ajv = new Ajv2020({ strict: false, formats: { int64: true, double: true } });
const pointer = (...steps: readonly (string | number)[]) =>
  steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

let backend: Backend;
let paths: Record<string, Record<string, Operation>>;
beforeAll(async () => {
  backend = await startBackend({ SLOW_ENDPOINT_DELAY: '0' });
  const document = (await (await backend.fetch('/openapi.json')).json()) as { paths: typeof paths };
  ajv.addSchema(document, 'document');
  paths = document.paths;
});
afterAll(async () => {
  expect(await backend.stop()).toBe(0);
});

/** The document's value at this place; a reference is followed. */
function resolve<T extends object>(place: string): T {
  const found = place
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (parent, step) => (parent as Record<string, unknown>)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')],
      ajv.getSchema('document')?.schema,
    );
  const { $ref: reference } = found as { $ref?: string };
  return reference === undefined ? (found as T) : resolve<T>(reference.slice(1));
}

const isValid = (schema: object, value: unknown) => ajv.validate(schema, value);

/** JSON's texts have no half of a surrogate pair (RFC 7493, 2.1); a pattern that every tool reads cannot say so. */
function isInteroperable(body: unknown): boolean {
  const fields = typeof body === 'object' && body !== null ? Object.values(body) : [body];
  return fields.every((value) => typeof value !== 'string' || value.isWellFormed());
}

/** A parameter's text is allowed when it spells, as JSON does, a value that its schema allows. */
function isAllowedText(schema: object, text: string): boolean {
  return /^-?(0|[1-9]\d*)$/.test(text) && isValid(schema, Number(text));
}

const encode = (text: string) => encodeURIComponent(text.toWellFormed());

/** It would be resolved before it is sent, as a step to another path (https://url.spec.whatwg.org/#double-dot-path-segment). */
const isDotSegment = (text: string) => text === '.' || text === '..';

function createCase(template: string, method: string, operation: Operation, values: readonly unknown[]): Case {
  const rest = [...values];
  let isAllowed = true;
  let path = template;
  const query: string[] = [];
  const headers: Record<string, string> = {};
  const body = operation.requestBody === undefined ? undefined : rest.shift();
  for (const { name, in: place, schema } of operation.parameters ?? []) {
    const value = rest.pop();
    if (place !== 'path' && value === undefined) continue;
    const text = (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')).toWellFormed() || 'x';
    if (place === 'header') {
      // What HTTP carries, without the blanks around it (RFC 9110, 5.5).
      const carried = text.replaceAll(/[^\x20-\x7e]/g, '').trim() || 'x';
      headers[name] = carried;
      isAllowed &&= isValid(schema, carried);
      continue;
    }
    isAllowed &&= isAllowedText(schema, text);
    if (place === 'path' && isDotSegment(text)) return createCase(template, method, operation, [body, 'x']);
    if (place === 'path') path = path.replace(`{${name}}`, encode(text));
    else query.push(`${name}=${encode(text)}`);
  }
  const init: RequestInit = { method: method.toUpperCase(), headers };
  if (operation.requestBody !== undefined) {
    const text = JSON.stringify(body) ?? '';
    Object.assign(init, { headers: { ...headers, 'Content-Type': 'application/json' }, body: text });
    const schema = pointer('paths', template, method, 'requestBody', 'content', 'application/json', 'schema');
    isAllowed &&= text !== '' && isValid({ $ref: `document#${schema}` }, JSON.parse(text));
    isAllowed &&= isInteroperable(JSON.parse(text));
  }
  return { method, path: query.length === 0 ? path : `${path}?${query.join('&')}`, init, isAllowed };
}

/** Compares an answer with the document's operation. */
async function checkAnswer(template: string, { method, path, init, isAllowed }: Case, answer: Response): Promise<void> {
  const { status, headers } = answer;
  const text = await answer.text();
  const context = `${method} ${path} ${init.body ?? ''} → ${status} ${text.slice(0, 300)}`;
  expect(status, context).toBeLessThan(500);
  const place = `${pointer('paths', template, method, 'responses')}/${status}`;
  const documented = resolve<{ content?: Record<string, object>; headers: Record<string, unknown> }>(place);
  expect(documented, `undocumented status: ${context}`).toBeDefined();

  const type = headers.get('content-type')?.split(';')[0] ?? '';
  if (documented.content === undefined) expect({ type, text }, context).toEqual({ type: '', text: '' });
  else expect(Object.keys(documented.content), `undocumented type: ${context}`).toContain(type);
  for (const name of Object.keys(documented.headers)) {
    const { schema } = resolve<{ schema: object }>(pointer('components', 'headers', name));
    // A page that is the last one has no link to the next.
    if (name === 'Link' && !headers.has('link')) continue;
    expect(isValid(schema, headers.get(name)), `header ${name}: ${context}`).toBe(true);
  }
  if (type === 'application/json') {
    const isComponent = status >= 400 && status !== 503;
    const schema = isComponent
      ? 'document#/components/schemas/ErrorBody'
      : `document#${place}${pointer('content', type, 'schema')}`;
    const isConform = isValid({ $ref: schema }, JSON.parse(text));
    expect(isConform, `${ajv.errorsText()}: ${context}`).toBe(true);
  }

  // A version that is no product's.
  const isOther = status === 404 || status === 412;
  if (isAllowed) expect(isOther || status < 300, `refused though allowed: ${context}`).toBe(true);
  else expect(status, `accepted though not allowed: ${context}`).toBeGreaterThanOrEqual(400);
  if (status === 201) {
    const found = await backend.fetch(headers.get('location') ?? '');
    expect(await found.text(), `not where it was said to be: ${context}`).toBe(text);
  }
}

it(
  'answers generated requests as it documents, accepts what is allowed and refuses the rest',
  async () => {
    const operations = Object.entries(paths).flatMap(([template, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ template, method, operation })),
    );
    // These fail on purpose, and the page is not JSON.
    const checked = operations.filter(({ template }) => template !== '/error' && template !== '/docs');
    // More of those that take something.
    const weighted = checked.flatMap((each) =>
      Array(each.operation.parameters || each.operation.requestBody ? 8 : 1).fill(each),
    ) as typeof checked;
    const value = fc.oneof(
      { weight: 2, arbitrary: fc.integer({ min: -5, max: 1_200 }) },
      { weight: 1, arbitrary: fc.constant(undefined) },
      { weight: 3, arbitrary: anyJson },
    );
    const counts = { allowed: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...weighted),
        fc.array(value, { minLength: 2, maxLength: 2 }),
        fc.oneof(anyProduct, anyJson),
        async ({ template, method, operation }, values, body) => {
          const isBody = operation.requestBody !== undefined;
          const generated = createCase(template, method, operation, isBody ? [body, ...values] : values);
          const startedAt = performance.now();
          const answer = await backend.fetch(generated.path, generated.init);
          expect(performance.now() - startedAt).toBeLessThan(RESPONSE_MS_MAX);
          counts[generated.isAllowed ? 'allowed' : 'refused'] += 1;
          await checkAnswer(template, generated, answer);
        },
      ),
      { numRuns: CASES },
    );
    report(`/openapi.json: ${CASES} requests, ${counts.allowed} of them allowed, ${counts.refused} not; 0 findings`);
    expect(counts.allowed).toBeGreaterThan(CASES / 10);
    expect(counts.refused).toBeGreaterThan(CASES / 10);
  },
  SOAK_TIMEOUT_MS,
);

it('answers every method that it does not document with 405, and names those that it does', async () => {
  for (const [template, methods] of Object.entries(paths)) {
    const path = template.replace('{id}', '1');
    const documented = Object.keys(methods).map((method) => method.toUpperCase());
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((each) => !documented.includes(each))) {
      const answer = await backend.fetch(path, { ...post({}), method });
      expect({ path, method, status: answer.status }).toEqual({ path, method, status: 405 });
      const allowed = (answer.headers.get('allow') ?? '').split(', ');
      expect(allowed.filter((each) => each !== 'HEAD' && each !== 'OPTIONS').sort()).toEqual(documented.sort());
    }
  }
});
