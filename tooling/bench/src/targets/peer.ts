// A peer: Fastify with the same telemetry, set up as its parts' documentation says.
import Fastify from 'fastify';
import { register } from 'prom-client';
import { COLUMNS, logger, query, requestEnded } from './peer-parts.js';

// biome-ignore lint/style/noProcessEnv: started by the bench, which configures it so.
const { PORT } = process.env;

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
  requestEnded({ method, url, path, status, elapsedMs: elapsedTime });
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
