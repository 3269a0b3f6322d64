import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { tracing } from '@opentelemetry/sdk-node';
import type { SendResult, SpanSender } from '../span-sender.js';
import { beginBatch, endBatch, writeSpan } from './span.js';
import { BinaryWriter, CompactWriter, type ThriftWriter } from './thrift.js';

/** The agent's port for Thrift's binary encoding; on every other one it expects the compact one. */
const BINARY_PORT = 6_832;

/** An agent's largest packet; UDP itself ends at 65,507 bytes. */
const PACKET_BYTES_MAX = 65_000;

/** Longest wait for the refusal of a packet; an agent on this machine refuses at once. */
const REFUSED_WITHIN_MS = 50;

/** Batches that may wait for a refusal at once. */
const CONCURRENCY = 32;

/** How long a resolved address, or a failed look-up, is kept. */
const ADDRESS_VALID_MS = 30_000;

/** Sends spans to a Jaeger agent over UDP (https://www.jaegertracing.io/docs/1.76/architecture/apis/#thrift-over-udp-stable). */
export function createAgentSender(host: string, port: number): SpanSender {
  const createWriter = (): ThriftWriter => (port === BINARY_PORT ? new BinaryWriter() : new CompactWriter());
  const spanWriter = createWriter();
  const packetWriter = createWriter();
  const connection = new AgentConnection(host, port);

  return {
    concurrency: CONCURRENCY,
    send: async (spans) => {
      const [first] = spans;
      if (first === undefined) return { sent: 0 };
      const { packets, oversize } = pack(spans, first.resource, spanWriter, packetWriter);
      const { sent, problem } = await connection.send(packets);
      if (problem !== undefined) return { sent, problem };
      return oversize === 0 ? { sent } : { sent, problem: `${oversize} spans de plus de ${PACKET_BYTES_MAX} octets` };
    },
    close: async () => connection.close(),
  };
}

interface Packet {
  readonly bytes: Buffer;
  readonly spanCount: number;
}

/** Packs as many spans into a packet as fit. A span that fits into none is left out alone. */
function pack(
  spans: readonly tracing.ReadableSpan[],
  resource: tracing.ReadableSpan['resource'],
  spanWriter: ThriftWriter,
  packetWriter: ThriftWriter,
): { packets: Packet[]; oversize: number } {
  const envelope = (encoded: readonly Buffer[]): Buffer => {
    packetWriter.bytes.truncate(0);
    beginBatch(packetWriter, resource, encoded.length);
    for (const bytes of encoded) packetWriter.bytes.append(bytes);
    endBatch(packetWriter);
    return packetWriter.bytes.toBuffer();
  };
  // The number of spans takes five bytes at most where an empty list takes one.
  const room = PACKET_BYTES_MAX - envelope([]).length - 4;
  const ends = encode(spans, spanWriter, room);
  const packets: Packet[] = [];
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let start = 0;
  for (const end of ends) {
    if (pendingBytes + end - start > room) {
      packets.push({ bytes: envelope(pending), spanCount: pending.length });
      pending = [];
      pendingBytes = 0;
    }
    pending.push(spanWriter.bytes.view(start, end));
    pendingBytes += end - start;
    start = end;
  }
  if (pending.length > 0) packets.push({ bytes: envelope(pending), spanCount: pending.length });
  return { packets, oversize: spans.length - ends.length };
}

/** Writes the spans one behind the other. Returns where each ends, for those that are not too large. */
function encode(spans: readonly tracing.ReadableSpan[], writer: ThriftWriter, room: number): number[] {
  const { bytes } = writer;
  bytes.truncate(0);
  const ends: number[] = [];
  for (const span of spans) {
    const start = bytes.length;
    writeSpan(writer, span);
    if (bytes.length - start > room) bytes.truncate(start);
    else ends.push(bytes.length);
  }
  return ends;
}

/** Whether a batch that has been sent has since been refused. */
interface Attempt {
  problem?: string;
}

/** A connected UDP socket: it learns of a closed port some time after a packet, which is lost by then. */
class AgentConnection {
  readonly #host: string;
  readonly #port: number;
  readonly #unsettled = new Set<Attempt>();
  #socket: Socket | undefined;
  #validUntil = 0;
  #problem: string | undefined;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  async send(packets: readonly Packet[]): Promise<SendResult> {
    await this.#refresh();
    const socket = this.#socket;
    if (socket === undefined) return { sent: 0, problem: this.#problem ?? 'agent injoignable' };
    const attempt: Attempt = {};
    let sent = 0;
    let problem: string | undefined;
    for (const { bytes, spanCount } of packets) {
      try {
        await this.#sendPacket(socket, bytes, attempt);
        sent += spanCount;
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
      }
    }
    await sleep(REFUSED_WITHIN_MS);
    this.#unsettled.delete(attempt);
    if (attempt.problem !== undefined) return { sent: 0, problem: attempt.problem };
    return problem === undefined ? { sent } : { sent, problem };
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** A send can fail with the refusal of an earlier packet; it is then tried again. */
  async #sendPacket(socket: Socket, bytes: Buffer, attempt: Attempt): Promise<void> {
    const send = promisify((callback: (error: Error | null) => void) => socket.send(bytes, callback));
    try {
      await send();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED')) throw error;
      this.#refuse(error.message);
      await send();
    }
    this.#unsettled.add(attempt);
  }

  #refuse(problem: string): void {
    for (const attempt of this.#unsettled) attempt.problem = problem;
  }

  /** Looks the host up again from time to time, and not at every packet. */
  async #refresh(): Promise<void> {
    if (Date.now() < this.#validUntil) return;
    this.#validUntil = Date.now() + ADDRESS_VALID_MS;
    this.close();
    try {
      const { address, family } = await lookup(this.#host);
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4').unref();
      socket.connect(this.#port, address);
      await once(socket, 'connect');
      socket.on('error', ({ message }) => this.#refuse(message));
      this.#socket = socket;
      this.#problem = undefined;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    }
  }
}
