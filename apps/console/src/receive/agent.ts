import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Span } from '@products/decoders';
import { decodePacket, type Encoding } from '@products/decoders';
import { describeError } from '../describe-error.js';

/** Linux gives as much as `net.core.rmem_max` allows. */
const RECEIVE_BUFFER_BYTES = 8 * 1_048_576;
/** Packets that wait to be decoded; with more, the last ones are dropped. */
const QUEUE_BYTES_MAX = 64 * 1_048_576;
/** Packets are decoded for this long at once, so that the socket is read in between. */
const SLICE_MS = 8;
/** How long packets are still read at the end. */
const DRAIN_MS = 50;

export interface Agent {
  readonly port: number;
  close(): Promise<void>;
}

export interface AgentOptions {
  readonly encoding: Encoding;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly take: (spans: Span[]) => void;
  /** Called with the reason when a packet cannot be read. */
  readonly refuse: (problem: string) => void;
}

/**
 * Takes spans as a Jaeger agent does (https://www.jaegertracing.io/docs/1.76/architecture/apis/#thrift-over-udp-stable).
 *
 * @throws {Error} when the port is taken.
 */
export async function startAgent({ encoding, host, port, take, refuse }: AgentOptions): Promise<Agent> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
  const queue: Buffer[] = [];
  let queuedBytes = 0;
  let isScheduled = false;
  const decodeSome = () => {
    isScheduled = false;
    const until = performance.now() + SLICE_MS;
    let taken = 0;
    for (const packet of queue) {
      if (performance.now() > until) break;
      taken += 1;
      queuedBytes -= packet.length;
      try {
        take(decodePacket(packet, encoding));
      } catch (error) {
        refuse(`a packet of ${packet.length} bytes to the agent (${encoding}): ${describeError(error)}`);
      }
    }
    queue.splice(0, taken);
    if (queue.length > 0) schedule();
  };
  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(decodeSome);
  };
  socket.on('message', (packet) => {
    if (queuedBytes > QUEUE_BYTES_MAX) return refuse('more packets than can be decoded');
    queue.push(packet);
    queuedBytes += packet.length;
    schedule();
  });
  socket.bind(port, host);
  await once(socket, 'listening');
  socket.on('error', (error) => refuse(error.message));
  return {
    port: socket.address().port,
    close: async () => {
      // A service that stops sends its last spans just before.
      await sleep(DRAIN_MS);
      socket.close();
      await once(socket, 'close');
      while (queue.length > 0) decodeSome();
    },
  };
}
