/** One request of the corpus. */
export interface CorpusRequest {
  /** Unique: what reports and allow-lists call it. */
  readonly subject: string;
  readonly method: string;
  /** Sent as it is; `{created}` stands for the id of the product that the service has created. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Its answer is chosen at random: of body and log only the form is compared. */
  readonly isRandom?: boolean;
  /** Its body is for people or changes all the time. */
  readonly isBodyIgnored?: boolean;
}

const product = { name: 'Parité', price: 1.5, category: 'Tests' };

type Further = Partial<Omit<CorpusRequest, 'method' | 'path'>>;

const request = (method: string, path: string, { subject, ...further }: Further = {}): CorpusRequest => ({
  subject: `${method} ${path}${subject === undefined ? '' : ` (${subject})`}`,
  method,
  path,
  ...further,
});
const get = (path: string, further?: Further) => request('GET', path, further);
const send = (path: string, subject: string, value: unknown, further: Further = {}) =>
  request('POST', path, {
    subject,
    headers: { 'Content-Type': 'application/json' },
    body: typeof value === 'string' ? value : JSON.stringify(value),
    ...further,
  });
const procedure = (name: string, input?: unknown): CorpusRequest => ({
  ...get(`/trpc/${name}${input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`}`),
  subject: `GET /trpc/${name}${input === undefined ? '' : ` ${JSON.stringify(input)}`}`,
});

/** Reads before writes, so that services on one database read the same rows. Creates up to three products. */
export const corpus: readonly CorpusRequest[] = [
  get('/products'),
  get('/products', { subject: 'of another origin', headers: { Origin: 'https://shop.example' } }),
  get('/products?limit=2'),
  get('/products?limit=2&after=2'),
  get('/products?limit=0'),
  request('HEAD', '/products'),
  request('OPTIONS', '/products', {
    headers: { Origin: 'https://shop.example', 'Access-Control-Request-Method': 'POST' },
  }),
  request('DELETE', '/products'),
  get('/products/'),
  get('/PRODUCTS'),

  get('/products/1'),
  request('HEAD', '/products/1'),
  request('PUT', '/products/1'),
  ...['2147483647', '2147483648', '0', '-1', '1.5', '01', '1e0', 'abc', '%20'].map((id) => get(`/products/${id}`)),

  request('POST', '/products', { subject: 'no body' }),
  send('/products', 'malformed JSON', '{"name": '),
  send('/products', 'not said to be JSON', product, { headers: { 'Content-Type': 'text/plain' } }),
  send('/products', 'an array', []),
  send('/products', 'no name', { ...product, name: undefined }),
  send('/products', 'blank name', { ...product, name: '  ' }),
  send('/products', 'name of 201 characters', { ...product, name: 'x'.repeat(201) }),
  send('/products', 'NUL in the name', { ...product, name: 'a\0b' }),
  send('/products', 'price 0', { ...product, price: 0 }),
  send('/products', 'price as text', { ...product, price: '1.5' }),
  send('/products', 'no category', { ...product, category: undefined }),
  send('/products', 'more than 102,400 bytes', { ...product, name: 'x'.repeat(110_000) }),

  get('/health'),
  request('HEAD', '/health'),
  get('/livez'),
  get('/readyz'),
  get('/slow'),
  get('/error', { isRandom: true }),
  get('/metrics', { isBodyIgnored: true }),
  get('/openapi.json'),
  get('/docs', { isBodyIgnored: true }),
  get('/nowhere'),

  procedure('products.list', { limit: 2 }),
  procedure('products.byId', { id: 1 }),
  procedure('products.byId', { id: 'x' }),
  procedure('health.check'),
  procedure('nowhere'),

  send('/products', 'a product', product),
  get('/products/{created}'),
  send('/products', 'a product with a field that is not known', { ...product, colour: 'red' }),
  send('/trpc/products.create', 'a product by tRPC', product),
];
