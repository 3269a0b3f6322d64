// Another peer: Hono on Node.js with the same telemetry, set up as its parts' documentation says.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { routePath } from 'hono/route';
import { validator } from 'hono/validator';
import { register } from 'prom-client';
import { z } from 'zod';
import { COLUMNS, logger, query, requestEnded } from './peer-parts.js';

// biome-ignore lint/style/noProcessEnv: started by the bench, which configures it so.
const { PORT } = process.env;

const newProduct = z.object({
  name: z.string().min(1).max(200),
  price: z.number().positive(),
  category: z.string().min(1).max(100),
});

const app = new Hono();

app.use(async (context, next) => {
  const startedAt = performance.now();
  const { method, path: url } = context.req;
  logger.info({ method, path: url }, `Requête reçue: ${method} ${url}`);
  await next();
  const elapsedMs = performance.now() - startedAt;
  requestEnded({ method, url, path: routePath(context, -1), status: context.res.status, elapsedMs });
});

app.get('/livez', (context) => context.json({}));
app.get('/products', async (context) => {
  logger.info('Récupération de tous les produits');
  const rows = await query('SELECT', { name: 'list', text: `SELECT ${COLUMNS} FROM products ORDER BY id` });
  logger.info({ count: rows.length }, `${rows.length} produits récupérés`);
  return context.json(rows);
});
app.get('/products/:id', async (context) => {
  const id = Number(context.req.param('id'));
  logger.info({ product_id: id }, `Récupération du produit ${id}`);
  const text = `SELECT ${COLUMNS} FROM products WHERE id = $1`;
  const [row] = await query('SELECT', { name: 'one', text, values: [id] });
  logger.info({ product_id: id }, `Produit ${id} récupéré`);
  return context.json(row as object);
});
app.post(
  '/products',
  validator('json', (value, context) => {
    const parsed = newProduct.safeParse(value);
    return parsed.success ? parsed.data : context.json({ error: parsed.error.message }, 400);
  }),
  async (context) => {
    logger.info('Création d’un produit');
    const { name, price, category } = context.req.valid('json');
    const text = `INSERT INTO products (name, price, category, created_at) VALUES ($1, $2, $3, now()) RETURNING ${COLUMNS}`;
    const [row] = await query('INSERT', { name: 'insert', text, values: [name, price, category] });
    logger.info('Produit créé');
    return context.json(row as object, 201);
  },
);
app.get('/metrics', async (context) => context.text(await register.metrics()));

serve({ fetch: app.fetch, port: Number(PORT), hostname: '127.0.0.1' });
