// The peer: the mainstream stack with the same telemetry, set up as its parts' documentation says.
import Fastify from 'fastify';
import pg from 'pg';
import { pino } from 'pino';
import { Counter, collectDefaultMetrics, Gauge, Histogram, register } from 'prom-client';

// biome-ignore lint/style/noProcessEnv: started by the bench, which configures it so.
const { DATABASE_URL, PORT } = process.env;

const logger = pino({ base: { service: 'backend' }, messageKey: 'message' });
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
collectDefaultMetrics();
const requestLabels = ['method', 'path', 'status'] as const;
const queryLabels = ['operation', 'table'] as const;
const requests = new Counter({ name: 'http_requests_total', help: 'requests', labelNames: requestLabels });
const requestDuration = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'duration',
  labelNames: requestLabels,
});
const queries = new Counter({ name: 'database_queries_total', help: 'queries', labelNames: queryLabels });
const queryDuration = new Histogram({
  name: 'database_query_duration_seconds',
  help: 'duration',
  labelNames: queryLabels,
});
new Gauge({
  name: 'database_connection_pool',
  help: 'pool',
  labelNames: ['status'],
  collect() {
    this.set({ status: 'size' }, pool.totalCount);
  },
});

async function query(operation: 'SELECT' | 'INSERT', config: pg.QueryConfig): Promise<unknown[]> {
  const labels = { operation, table: 'products' };
  const end = queryDuration.startTimer(labels);
  const { rows } = await pool.query(config);
  end();
  queries.inc(labels);
  return rows;
}

const COLUMNS = 'id, name, price, category, created_at';
const product = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    name: { type: 'string' },
    price: { type: 'number' },
    category: { type: 'string' },
    created_at: { type: 'string' },
  },
} as const;
const newProduct = {
  type: 'object',
  required: ['name', 'price', 'category'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 200 },
    price: { type: 'number', exclusiveMinimum: 0 },
    category: { type: 'string', minLength: 1, maxLength: 100 },
  },
} as const;

const app = Fastify();

app.addHook('onRequest', async ({ method, url }) => {
  logger.info({ method, path: url }, `Requête reçue: ${method} ${url}`);
});
app.addHook('onResponse', async (request, { statusCode: status, elapsedTime }) => {
  const { method, url } = request;
  const path = request.routeOptions.url ?? '(unmatched)';
  requests.inc({ method, path, status });
  requestDuration.observe({ method, path, status }, elapsedTime / 1_000);
  logger.info({ method, path: url, status, duration_ms: elapsedTime }, `Requête complétée: ${method} ${url}`);
});

app.get('/livez', async () => ({}));
app.get('/products', { schema: { response: { 200: { type: 'array', items: product } } } }, async () => {
  logger.info('Récupération de tous les produits');
  const rows = await query('SELECT', { name: 'list', text: `SELECT ${COLUMNS} FROM products ORDER BY id` });
  logger.info({ count: rows.length }, `${rows.length} produits récupérés`);
  return rows;
});
app.get<{ Params: { id: string } }>(
  '/products/:id',
  {
    schema: {
      params: { type: 'object', properties: { id: { type: 'integer' } } },
      response: { 200: product },
    },
  },
  async ({ params: { id } }) => {
    logger.info({ product_id: id }, `Récupération du produit ${id}`);
    const text = `SELECT ${COLUMNS} FROM products WHERE id = $1`;
    const [row] = await query('SELECT', { name: 'one', text, values: [id] });
    logger.info({ product_id: id }, `Produit ${id} récupéré`);
    return row;
  },
);
app.post<{ Body: { name: string; price: number; category: string } }>(
  '/products',
  { schema: { body: newProduct, response: { 201: product } } },
  async ({ body: { name, price, category } }, reply) => {
    logger.info('Création d’un produit');
    const text = `INSERT INTO products (name, price, category, created_at) VALUES ($1, $2, $3, now()) RETURNING ${COLUMNS}`;
    const [row] = await query('INSERT', { name: 'insert', text, values: [name, price, category] });
    logger.info('Produit créé');
    return reply.code(201).send(row);
  },
);
app.get('/metrics', async (_request, reply) => reply.type(register.contentType).send(await register.metrics()));

await app.listen({ port: Number(PORT), host: '127.0.0.1' });
