import type { LogEventName } from '@products/telemetry/contract';
import {
  type CorpusRequest,
  type Expectation,
  get,
  leaves,
  leavesNoTrace,
  patch,
  post,
  query,
  request,
} from './request.js';

const product = { name: 'Parité', price: 1.5, category: 'Tests' };
const free = { ...product, price: 0 };
const missingId = 2_147_483_647;

// Log lines, the same by REST and by tRPC.
const listed: LogEventName[] = ['products_requested', 'products_retrieved'];
const paged: LogEventName[] = ['products_page_requested', 'products_retrieved'];
const found: LogEventName[] = ['product_requested', 'product_retrieved'];
const missing: LogEventName[] = ['product_requested', 'request_refused'];
const created: LogEventName[] = ['product_creation_requested', 'product_created'];
const updated: LogEventName[] = ['product_update_requested', 'product_updated'];
const notUpdated: LogEventName[] = ['product_update_requested', 'request_refused'];
const deleted: LogEventName[] = ['product_deletion_requested', 'product_deleted'];
const refused: LogEventName[] = ['request_refused'];
const slow: LogEventName[] = ['slow_operation_started', 'slow_operation_completed'];
const failed: LogEventName[] = ['error_simulated', 'request_failed'];
const healthy: LogEventName[] = ['database_connected'];

/** Of resources that the Flask service does not have. */
export const addedRequests: readonly CorpusRequest[] = [];

/**
 * Every route and procedure. Reads come before writes, so that services on one database read the same rows. Creates up to
 * three products, and removes the last one.
 */
export const corpus: readonly CorpusRequest[] = [
  get('/products', leaves(200, '/products', ['GET /products', '  db_query_products'], listed)),
  get('/products', { note: 'of another origin', headers: { Origin: 'https://shop.example' } }),
  get('/products?limit=2', leaves(200, '/products', ['GET /products', '  db_query_products'], paged)),
  request('HEAD', '/products?limit=2', leaves(200, '/products', ['HEAD /products', '  db_query_products'], paged)),
  get('/products?limit=2&after=2'),
  get('/products?limit=0'),
  get(
    '/products?category=Ordinateurs&q=mac&sort=-price&limit=1',
    leaves(200, '/products', ['GET /products', '  db_query_products'], paged),
  ),
  get('/products?sort=colour'),
  request('HEAD', '/products', leaves(200, '/products', ['HEAD /products', '  db_query_products'], listed)),
  request('OPTIONS', '/products', {
    headers: { Origin: 'https://shop.example', 'Access-Control-Request-Method': 'POST' },
  }),
  request('DELETE', '/products'),
  get('/products/'),
  get('/PRODUCTS'),

  get('/products/1'),
  request('HEAD', '/products/1'),
  request('PUT', '/products/1', leaves(405, '/products/:id', ['PUT /products/:id'], refused)),
  get(
    `/products/${missingId}`,
    leaves(404, '/products/:id', ['GET /products/:id', '  db_query_product_by_id'], missing),
  ),
  get('/products/1.5', leaves(400, '/products/:id', ['GET /products/:id'], refused)),
  ...['2147483648', '0', '-1', '01', '1e0', 'abc', '%20'].map((id) => get(`/products/${id}`)),

  request('POST', '/products', { note: 'no body' }),
  post('/products', 'malformed JSON', '{"name": '),
  post('/products', 'not said to be JSON', product, { headers: { 'Content-Type': 'text/plain' } }),
  post('/products', 'an array', []),
  post('/products', 'no name', { ...product, name: undefined }),
  post('/products', 'blank name', { ...product, name: '  ' }),
  post('/products', 'name of 201 characters', { ...product, name: 'x'.repeat(201) }),
  post('/products', 'NUL in the name', { ...product, name: 'a\0b' }),
  post('/products', 'price 0', free, leaves(400, '/products', ['POST /products'], refused)),
  post('/products', 'price as text', { ...product, price: '1.5' }),
  post('/products', 'no category', { ...product, category: undefined }),
  post('/products', 'more than 102,400 bytes', { ...product, name: 'x'.repeat(110_000) }),

  get('/health', leaves(200, '/health', ['GET /health', '  db_health_check'], healthy)),
  request('HEAD', '/health'),
  get('/', { isBodyIgnored: true, ...leaves(200, '/', ['GET /']) }),
  get('/livez', leavesNoTrace('/livez')),
  get('/readyz', leavesNoTrace('/readyz')),
  get('/slow', leaves(200, '/slow', ['GET /slow', '  simulate_slow_operation'], slow)),
  get('/error', { isRandom: true, ...leaves(500, '/error', ['GET /error'], failed) }),
  get('/metrics', { isBodyIgnored: true, ...leavesNoTrace('/metrics') }),
  get('/openapi.json', leaves(200, '/openapi.json', ['GET /openapi.json'])),
  get('/docs', { isBodyIgnored: true, ...leaves(200, '/docs', ['GET /docs']) }),
  get('/nowhere', leaves(404, '(unmatched)', ['GET'], refused)),

  query(
    'products.list',
    undefined,
    leaves(200, '/trpc/products.list', ['products.list', '  db_query_products'], paged),
  ),
  query('products.list', { limit: 2 }),
  query('products.list', { category: 'Tablettes', sort: 'name', limit: 1 }),
  query('products.byId', { id: 1 }),
  query('products.byId', { id: 'x' }),
  query(
    'products.byId',
    { id: missingId },
    leaves(404, '/trpc/products.byId', ['products.byId', '  db_query_product_by_id'], missing),
  ),
  query('health.check', undefined, leaves(200, '/trpc/health.check', ['health.check', '  db_health_check'], healthy)),
  query(
    'diagnostics.slow',
    undefined,
    leaves(200, '/trpc/diagnostics.slow', ['diagnostics.slow', '  simulate_slow_operation'], slow),
  ),
  query('diagnostics.error', undefined, {
    isRandom: true,
    ...leaves(500, '/trpc/diagnostics.error', ['diagnostics.error'], failed),
  }),
  {
    ...get(
      `/trpc/products.list,health.check?batch=1&input=${encodeURIComponent('{"0":{"limit":3}}')}`,
      leaves(
        200,
        '/trpc/(batch)',
        ['/trpc/(batch)', '  health.check', '    db_health_check', '  products.list', '    db_query_products'],
        [...paged, ...healthy],
      ),
    ),
    name: 'GET /trpc/products.list,health.check (a batch)',
  },
  query('nowhere', undefined, leaves(404, '(unmatched)', ['GET'], refused)),
  post('/trpc/products.create', 'price 0', free, leaves(400, '/trpc/products.create', ['products.create'], refused)),

  post('/products', 'a product', product, leaves(201, '/products', ['POST /products', '  db_insert_product'], created)),
  get('/products/{created}', leaves(200, '/products/:id', ['GET /products/:id', '  db_query_product_by_id'], found)),
  post('/products', 'a product with a field that is not known', { ...product, colour: 'red' }),
  post(
    '/trpc/products.create',
    'a product by tRPC',
    product,
    leaves(200, '/trpc/products.create', ['products.create', '  db_insert_product'], created),
  ),
  patch(
    '/products/{created}',
    'its price',
    { price: 2.5 },
    leaves(200, '/products/:id', ['PATCH /products/:id', '  db_update_product'], updated),
  ),
  patch(
    '/products/{created}',
    'of a version that is gone',
    { price: 3.5 },
    {
      headers: { 'If-Match': '"0"' },
      ...leaves(
        412,
        '/products/:id',
        ['PATCH /products/:id', '  db_query_product_by_id', '  db_update_product'],
        notUpdated,
      ),
    },
  ),
  patch('/products/{created}', 'price 0', { price: 0 }, leaves(400, '/products/:id', ['PATCH /products/:id'], refused)),
  request(
    'DELETE',
    '/products/{created}',
    leaves(204, '/products/:id', ['DELETE /products/:id', '  db_delete_product'], deleted),
  ),

  ...addedRequests,
];

/** The requests of the corpus that have an expectation, in its order. */
export const expectations: readonly Expectation[] = corpus.flatMap((request) =>
  request.expected === undefined ? [] : [{ request, ...request.expected }],
);
