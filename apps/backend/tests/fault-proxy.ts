import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to what passes, after the toxics of Toxiproxy (https://github.com/Shopify/toxiproxy#toxics). */
type Fault =
  | 'none'
  /** Nothing arrives, without a word. */
  | 'blackhole'
  /** No connection. */
  | 'refuse'
  | { readonly delayMs: number }
  | { readonly bytesPerSecond: number }
  /** Everything arrives in pieces. */
  | { readonly sliceBytes: number }
  /** Bytes after which each connection is broken. */
  | { readonly limitBytes: number }
  /** The end of a connection arrives late. */
  | { readonly closeDelayMs: number };

export interface FaultProxy {
  readonly port: number;
  /** Where connections go on to. */
  target: number;
  /** Of the connections that are open and of new ones. */
  fault: Fault;
  /** Breaks every connection. */
  reset(): void;
  stop(): Promise<void>;
}

/** A TCP proxy on 127.0.0.1 that injects the faults of a network. */
export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const pass = (from: Socket, to: Socket) => {
    let passedBytes = 0;
    /** When the last byte is through a narrow line. */
    let busyUntil = 0;
    /** Resolves when the last piece has been passed on. */
    let slices = Promise.resolve();
    from.on('data', (chunk) => {
      const { fault } = proxy;
      passedBytes += chunk.length;
      if (fault === 'blackhole') return;
      if (typeof fault !== 'object') to.write(chunk);
      else if ('delayMs' in fault) setTimeout(() => to.write(chunk), fault.delayMs);
      else if ('bytesPerSecond' in fault) {
        busyUntil = Math.max(busyUntil, Date.now()) + (chunk.length / fault.bytesPerSecond) * 1_000;
        setTimeout(() => to.write(chunk), busyUntil - Date.now());
      } else if ('sliceBytes' in fault) {
        for (let start = 0; start < chunk.length; start += fault.sliceBytes) {
          const slice = chunk.subarray(start, start + fault.sliceBytes);
          slices = slices.then(() => sleep(1)).then(() => void to.write(slice));
        }
      } else if ('limitBytes' in fault && passedBytes > fault.limitBytes) from.destroy();
      else to.write(chunk);
    });
    from.on('error', () => {});
    // A network that swallows everything swallows the end of a connection too.
    from.on('close', () => {
      const { fault } = proxy;
      sockets.delete(from);
      if (typeof fault === 'object' && 'closeDelayMs' in fault) setTimeout(() => to.destroy(), fault.closeDelayMs);
      else if (fault !== 'blackhole') to.destroy();
    });
    to.setNoDelay(true);
    sockets.add(from);
  };
  const server = createServer((client) => {
    if (proxy.fault === 'refuse') {
      client.destroy();
      return;
    }
    const upstream = connect(proxy.target, '127.0.0.1');
    pass(client, upstream);
    pass(upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const reset = () => {
    for (const socket of sockets) socket.destroy();
  };
  const proxy: FaultProxy = {
    port,
    target,
    fault: 'none',
    reset,
    stop: async () => {
      server.close();
      reset();
      await once(server, 'close');
    },
  };
  return proxy;
}
