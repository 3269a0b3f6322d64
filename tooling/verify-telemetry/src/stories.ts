import type { LogEventName } from '@products/telemetry/contract';

/** What one request to a healthy service leaves behind. */
export interface Story {
  readonly request: {
    readonly method: string;
    /** `{created}` stands for the id of the product that the first story creates. */
    readonly path: string;
    readonly body?: unknown;
  };
  readonly status: number;
  /** The `path` label of its metrics. */
  readonly route: string;
  /** The tree of its spans, a child two spaces further right than its parent; empty for what is not traced. */
  readonly spans: readonly string[];
  /** Its log lines but for those at DEBUG. */
  readonly lines: readonly LogEventName[];
}

const product = { name: 'verify:telemetry', price: 1.5, category: 'Tests' };

const get = (path: string) => ({ method: 'GET', path });
const post = (path: string, body: unknown) => ({ method: 'POST', path, body });
const query = (procedure: string, input?: unknown) =>
  get(`/trpc/${procedure}${input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`}`);

/** The lines of a request with these in between. */
const lines = (...between: LogEventName[]): LogEventName[] => ['request_received', ...between, 'request_completed'];

/** Every route and procedure through its door, succeeding and failing. The first story creates the product of the others. */
export const stories: readonly Story[] = [
  {
    request: post('/products', product),
    status: 201,
    route: '/products',
    spans: ['POST /products', '  db_insert_product'],
    lines: lines('product_creation_requested', 'product_created'),
  },
  {
    request: post('/products', { ...product, price: 0 }),
    status: 400,
    route: '/products',
    spans: ['POST /products'],
    lines: lines('request_refused'),
  },
  {
    request: get('/products'),
    status: 200,
    route: '/products',
    spans: ['GET /products', '  db_query_products'],
    lines: lines('products_requested', 'products_retrieved'),
  },
  {
    request: get('/products?limit=3'),
    status: 200,
    route: '/products',
    spans: ['GET /products', '  db_query_products'],
    lines: lines('products_page_requested', 'products_retrieved'),
  },
  {
    request: { method: 'HEAD', path: '/products?limit=3' },
    status: 200,
    route: '/products',
    spans: ['HEAD /products', '  db_query_products'],
    lines: lines('products_page_requested', 'products_retrieved'),
  },
  {
    request: get('/products/{created}'),
    status: 200,
    route: '/products/:id',
    spans: ['GET /products/:id', '  db_query_product_by_id'],
    lines: lines('product_requested', 'product_retrieved'),
  },
  {
    request: get('/products/2147483647'),
    status: 404,
    route: '/products/:id',
    spans: ['GET /products/:id', '  db_query_product_by_id'],
    lines: lines('product_requested', 'request_refused'),
  },
  {
    request: get('/products/1.5'),
    status: 400,
    route: '/products/:id',
    spans: ['GET /products/:id'],
    lines: lines('request_refused'),
  },
  {
    request: { method: 'DELETE', path: '/products/1' },
    status: 405,
    route: '/products/:id',
    spans: ['DELETE /products/:id'],
    lines: lines('request_refused'),
  },
  {
    request: get('/slow'),
    status: 200,
    route: '/slow',
    spans: ['GET /slow', '  simulate_slow_operation'],
    lines: lines('slow_operation_started', 'slow_operation_completed'),
  },
  {
    request: get('/error'),
    status: 500,
    route: '/error',
    spans: ['GET /error'],
    lines: lines('error_simulated', 'request_failed'),
  },
  {
    request: get('/health'),
    status: 200,
    route: '/health',
    spans: ['GET /health', '  db_health_check'],
    lines: lines('database_connected'),
  },
  { request: get('/openapi.json'), status: 200, route: '/openapi.json', spans: ['GET /openapi.json'], lines: lines() },
  { request: get('/docs'), status: 200, route: '/docs', spans: ['GET /docs'], lines: lines() },
  { request: get('/livez'), status: 200, route: '/livez', spans: [], lines: [] },
  { request: get('/readyz'), status: 200, route: '/readyz', spans: [], lines: [] },
  { request: get('/metrics'), status: 200, route: '/metrics', spans: [], lines: [] },
  {
    request: get('/nowhere'),
    status: 404,
    route: '(unmatched)',
    spans: ['GET'],
    lines: lines('request_refused'),
  },

  {
    request: post('/trpc/products.create', product),
    status: 200,
    route: '/trpc/products.create',
    spans: ['products.create', '  db_insert_product'],
    lines: lines('product_creation_requested', 'product_created'),
  },
  {
    request: post('/trpc/products.create', { ...product, price: 0 }),
    status: 400,
    route: '/trpc/products.create',
    spans: ['products.create'],
    lines: lines('request_refused'),
  },
  {
    request: query('products.list'),
    status: 200,
    route: '/trpc/products.list',
    spans: ['products.list', '  db_query_products'],
    lines: lines('products_page_requested', 'products_retrieved'),
  },
  {
    request: query('products.byId', { id: 2_147_483_647 }),
    status: 404,
    route: '/trpc/products.byId',
    spans: ['products.byId', '  db_query_product_by_id'],
    lines: lines('product_requested', 'request_refused'),
  },
  {
    request: query('diagnostics.slow'),
    status: 200,
    route: '/trpc/diagnostics.slow',
    spans: ['diagnostics.slow', '  simulate_slow_operation'],
    lines: lines('slow_operation_started', 'slow_operation_completed'),
  },
  {
    request: query('diagnostics.error'),
    status: 500,
    route: '/trpc/diagnostics.error',
    spans: ['diagnostics.error'],
    lines: lines('error_simulated', 'request_failed'),
  },
  {
    request: query('health.check'),
    status: 200,
    route: '/trpc/health.check',
    spans: ['health.check', '  db_health_check'],
    lines: lines('database_connected'),
  },
  {
    request: get(`/trpc/products.list,health.check?batch=1&input=${encodeURIComponent('{"0":{"limit":3}}')}`),
    status: 200,
    route: '/trpc/(batch)',
    spans: ['/trpc/(batch)', '  health.check', '    db_health_check', '  products.list', '    db_query_products'],
    lines: lines('products_page_requested', 'products_retrieved', 'database_connected'),
  },
  {
    request: query('nowhere'),
    status: 404,
    route: '(unmatched)',
    spans: ['GET'],
    lines: lines('request_refused'),
  },
];
