import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, post, startBackend, urlOf } from './backend.js';
import { eventually } from './eventually.js';
import { runWithFewFiles } from './few-files.js';

// What a client does with its connection ends no process, holds no socket, and changes no other answer.

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend({ SLOW_ENDPOINT_DELAY: '0.3', REQUEST_TIMEOUT: '1', WRITE_TIMEOUT: '1' });
});
afterAll(async () => {
  await backend.stop();
});

/** A connection that is never closed from this side, and everything that it was sent. */
function open(url: string, bytes: string): { socket: Socket; received: () => string; closed: Promise<unknown> } {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(bytes);
  // The end is only half of a close: a write shows whether the other half is there.
  socket.on('end', () => {
    const probe = setInterval(() => socket.write('x'), 50);
    socket.once('close', () => clearInterval(probe));
  });
  return { socket, received: () => text, closed: new Promise((resolve) => socket.once('close', resolve)) };
}

const statusesIn = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

const body = JSON.stringify({ name: 'Socket', price: 1, category: 'Tests' });
const creation = `POST /products HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe('a reset at any moment is no error of the service:', () => {
  const kinds: readonly [kind: string, bytes: string][] = [
    ['a tunnel', 'CONNECT a:443 HTTP/1.1\r\n\r\n'],
    ['an upgrade', 'GET /products HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
    ['an expectation', `${creation.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n')}`],
    ['an unknown expectation', 'GET /products HTTP/1.1\r\nHost: x\r\nExpect: everything\r\n\r\n'],
    ['half a head', 'GET /products HTTP/1.1\r\nHo'],
    ['half a body', creation.slice(0, -5)],
    ['no HTTP', 'hello\r\n\r\n'],
    ['a list', 'GET /products HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a creation', creation],
    ['a slow operation', 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an error', 'GET /error HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a batch', 'GET /trpc/products.list,health.check,diagnostics.error?batch=1 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a stream', 'GET /trpc/products.all?batch=1 HTTP/1.1\r\nHost: x\r\ntrpc-accept: application/jsonl\r\n\r\n'],
    ['pipelined requests', 'GET /products HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(40)],
    ['a scrape', 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'],
  ];

  const resetAll = async (url: string) => {
    const { hostname, port } = new URL(url);
    for (const delayMs of [0, 1, 5, 20]) {
      await Promise.all(
        kinds.flatMap(([, bytes]) =>
          Array.from({ length: 3 }, async () => {
            const socket = connect(Number(port), hostname);
            socket.on('error', () => {});
            await once(socket, 'connect').catch(() => {});
            socket.write(bytes);
            await sleep(delayMs);
            socket.resetAndDestroy();
          }),
        ),
      );
    }
  };

  it.each([['1'], ['2']])('%s worker', async (workers) => {
    await using service = await startBackend({ WEB_CONCURRENCY: workers, SLOW_ENDPOINT_DELAY: '0.2' });
    await resetAll(service.url);
    await eventually(async () => expect((await service.fetch('/products')).status).toBe(200));
    const failures = service.lines.filter(({ message }) =>
      /non interceptée|Processus de travail terminé/.test(message),
    );
    expect(failures).toEqual([]);
    await eventually(async () => {
      const metrics = await (await service.fetch('/metrics')).text();
      expect(metrics).toMatch(/^http_requests_in_flight 0$/m);
    });
  });
});

describe('the answer to a complete request does not depend on what follows it:', () => {
  it('a creation with garbage in the same packet is answered and stored; then the garbage is refused', async () => {
    const { received, closed } = open(backend.url, `${creation}GARBAGE\r\n\r\n`);
    await closed;
    expect(statusesIn(received())).toEqual([201, 400]);
    const id = /"id":(\d+)/.exec(received())?.[1];
    expect((await backend.fetch(`/products/${id}`)).status).toBe(200);
  });

  it('a slow operation gets its own answer, and the garbage behind it another', async () => {
    const { received, closed } = open(backend.url, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGARBAGE\r\n\r\n');
    await closed;
    expect(statusesIn(received())).toEqual([200, 400]);
    expect(received()).toContain('delay_seconds');
  });

  it('more requests than are answered at once are all answered, in their order', async () => {
    const paths = Array.from({ length: 50 }, (_, index) => `/products/${index % 2 === 0 ? 1 : 'x'}`);
    const bytes = paths.map((target) => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`).join('');
    const { socket, received } = open(backend.url, bytes);
    await eventually(() => expect(statusesIn(received())).toHaveLength(50));
    expect(statusesIn(received())).toEqual(paths.map((target) => (target.endsWith('x') ? 400 : 200)));
    socket.destroy();
  });
});

it('a request whose body cannot be read is refused once, and is no failure of the service', async () => {
  const head =
    'POST /products HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
  const { received, closed } = open(backend.url, `${head}ZZ\r\n`);
  await closed;
  expect(statusesIn(received())).toEqual([400]);
  expect(backend.lines.filter(({ level }) => level === 'ERROR')).toEqual([]);
});

describe('the server closes', () => {
  it.each([
    ['a tunnel that it refuses', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', [404]],
    ['half a request that takes too long', 'GET /products HTTP/1.1\r\nHo', [408]],
    ['half a body that takes too long', creation.slice(0, -5), [408]],
    ['a connection that cannot be read', 'hello\r\n\r\n', [400]],
  ])('%s, though the client does not', async (_, bytes, statuses) => {
    const { received, closed } = open(backend.url, bytes);
    await eventually(() => expect(statusesIn(received())).toEqual(statuses));
    const answeredAt = performance.now();
    await closed;
    expect(performance.now() - answeredAt).toBeLessThan(2_000 + 1_000);
  });

  it('a response that its client does not read, after WRITE_TIMEOUT, with status 499', async () => {
    await backend.database.query(
      `INSERT INTO products (name, price, category) SELECT repeat('x', 200), 1, 'c' FROM generate_series(1, 50000)`,
    );
    const { hostname, port } = new URL(backend.url);
    const socket = connect(Number(port), hostname).pause();
    socket.on('error', () => {});
    socket.write('GET /products HTTP/1.1\r\nHost: unread\r\n\r\n');
    const unread = () => backend.lines.filter((line) => line['status'] === 499);
    await eventually(() => expect(unread()).toMatchObject([{ message: 'Requête complétée: GET /products' }]));
    socket.destroy();
  });
});

it('a client that holds what it can does not keep the service from stopping', async () => {
  const service = await startBackend({ SHUTDOWN_TIMEOUT: '1', SLOW_ENDPOINT_DELAY: '30' });
  const held = [
    'CONNECT a:443 HTTP/1.1\r\n\r\n',
    'GET /products HTTP/1.1\r\nHo',
    creation.slice(0, -5),
    'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(40),
    'GET /products HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(40),
    '',
  ].map((bytes) => open(service.url, bytes));
  await service.waitForLine('Requête reçue: GET /slow');
  const stoppedAt = performance.now();
  await service.stop();
  expect(performance.now() - stoppedAt).toBeLessThan(1_000 + 4_000 + 2_000);
  for (const { socket } of held) socket.destroy();
});

it('of more connections than the system allows, idle ones make room for an honest client, and a line says so', async () => {
  await using database = await startBackend();
  await using service = runWithFewFiles(database.database.url);
  const url = await urlOf(service);
  const idle = Array.from({ length: 200 }, () => open(url, ''));
  await eventually(async () => expect((await fetch(`${url}/products/1`)).status).toBe(200));
  expect(await service.waitForLine(/^Trop de connexions/)).toMatchObject({ level: 'WARNING' });
  for (const { socket } of idle) socket.destroy();
});

describe('a head that Node.js lets pass is refused:', () => {
  it.each([
    ['two Hosts', 'GET /products HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n'],
    ['HTTP/2.0', 'GET /products HTTP/2.0\r\nHost: a\r\nConnection: close\r\n\r\n'],
  ])('%s', async (_, bytes) => {
    const { received, closed } = open(backend.url, bytes);
    await closed;
    expect(statusesIn(received())).toEqual([400]);
  });
});

it('answers are not stored by caches, but for the documentation', async () => {
  const cacheControlOf = async (target: string, init?: RequestInit) =>
    (await backend.fetch(target, init)).headers.get('cache-control');
  for (const target of ['/products/1', '/nowhere', '/health', '/metrics', '/trpc/health.check', '/error']) {
    expect(await cacheControlOf(target), target).toBe('no-store');
  }
  expect(await cacheControlOf('/products', post({}))).toBe('no-store');
  for (const target of ['/openapi.json', '/docs', '/docs/swagger-ui.css']) {
    expect(await cacheControlOf(target), target).toMatch(/^public/);
  }
});
