import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { decodePacket, type Encoding } from '@products/decoders';
import { type JaegerBatch, type JaegerSpan, toBatch } from './decode.js';

const RECEIVE_BUFFER_BYTES = 8_388_608;

export interface JaegerAgent {
  readonly port: number;
  /** Every packet so far, as it came. */
  readonly packets: readonly Buffer[];
  /** Every batch so far, decoded. */
  batches(): readonly JaegerBatch[];
  /** Every span so far, decoded. */
  spans(): JaegerSpan[];
  stop(): Promise<void>;
}

/**
 * Listens on 127.0.0.1 as an agent does.
 *
 * @param encoding of its packets: agents take compact on port 6831 and binary on 6832
 * @param port 0: any free one
 */
export async function startJaegerAgent(encoding: Encoding = 'compact', port = 0): Promise<JaegerAgent> {
  const receiver = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
  const packets: Buffer[] = [];
  receiver.on('message', (packet) => packets.push(packet));
  receiver.bind(port, '127.0.0.1');
  await once(receiver, 'listening');
  const decoded: JaegerBatch[] = [];
  const batches = () => {
    for (const packet of packets.slice(decoded.length)) decoded.push(toBatch(decodePacket(packet, encoding)));
    return decoded;
  };
  return {
    port: receiver.address().port,
    packets,
    batches,
    spans: () => batches().flatMap(({ spans }) => spans),
    stop: async () => {
      receiver.close();
      await once(receiver, 'close');
    },
  };
}
