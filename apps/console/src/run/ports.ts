import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { HOST, type Ports, usualPorts } from '../serve/ports.js';

/** The usual ports where they are free, others where not, known before the programs that use them start. */
export async function choosePorts(): Promise<Ports> {
  const [page, compact, binary, collector, otlp] = await Promise.all([
    choose(listenTcp, usualPorts.page),
    choose(listenUdp, usualPorts.compact),
    choose(listenUdp, usualPorts.binary),
    choose(listenTcp, usualPorts.collector),
    choose(listenTcp, usualPorts.otlp),
  ]);
  return { page, compact, binary, collector, otlp };
}

async function choose(listen: (port: number) => Promise<number>, usual: number): Promise<number> {
  return listen(usual).catch(() => listen(0));
}

async function listenTcp(port: number): Promise<number> {
  const server = createServer().listen(port, HOST);
  await once(server, 'listening');
  const chosen = (server.address() as AddressInfo).port;
  server.close();
  await once(server, 'close');
  return chosen;
}

async function listenUdp(port: number): Promise<number> {
  const socket = createSocket('udp4').bind(port, HOST);
  await once(socket, 'listening');
  const chosen = socket.address().port;
  socket.close();
  await once(socket, 'close');
  return chosen;
}
