// The baseline: a server on Node.js and pg that does the work and nothing else.
import { createServer } from 'node:http';
import pg from 'pg';

// biome-ignore lint/style/noProcessEnv: started by the bench, which configures it so.
const { DATABASE_URL, PORT } = process.env;

// Timestamps are kept as text.
pg.types.setTypeParser(pg.types.builtins.TIMESTAMP, (text) => text.replace(' ', 'T'));

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
const COLUMNS = 'id, name, price, category, created_at';
const list = { name: 'list', text: `SELECT ${COLUMNS} FROM products ORDER BY id` };
const one = { name: 'one', text: `SELECT ${COLUMNS} FROM products WHERE id = $1` };
const insert = {
  name: 'insert',
  text: `INSERT INTO products (name, price, category, created_at) VALUES ($1, $2, $3, now()) RETURNING ${COLUMNS}`,
};

async function readBody(request: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const server = createServer(async (request, response) => {
  const { method, url = '' } = request;
  let status = 200;
  let value: unknown;
  if (method === 'POST') {
    const { name, price, category } = JSON.parse(await readBody(request));
    const { rows } = await pool.query({ ...insert, values: [name, price, category] });
    status = 201;
    value = rows[0];
  } else if (url === '/products' || url === '/trpc/products.list') value = (await pool.query(list)).rows;
  else if (url === '/livez') value = {};
  else value = (await pool.query({ ...one, values: [url.slice('/products/'.length)] })).rows[0];
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.byteLength }).end(body);
});
server.listen(Number(PORT), '127.0.0.1');
