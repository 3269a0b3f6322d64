import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { tracing } from '@opentelemetry/sdk-node';
import type { SendResult, SpanSender } from '../span-sender.js';
import { beginBatch, endBatch, writeSpan } from './span.js';
import { BinaryWriter, CompactWriter, type ThriftWriter } from './thrift.js';

/** The agent's port for Thrift's binary encoding; on every other one it expects the compact one. */
const BINARY_PORT = 6_832;

/** An agent's largest packet; UDP itself ends at 65,507 bytes. Only a single large span makes one. */
const PACKET_BYTES_MAX = 65_000;

/**
 * Packets are this large at most, and leave once so many spans have ended: a few large ones at once overflow the receive buffer
 * that Linux gives an agent (212,992 bytes), and the system drops them without a word. Beyond 7.6 kB, Linux counts one as 16 kB.
 */
const PACKET_BYTES = 7_600;
const BATCH_SPANS = 12;

/** Bytes that leave at once, after a pause of the event loop. Twice the highest rate of a process still passes. */
const BURST_BYTES_MAX = 32_000;
const BURST_MS = 4;

/** Below this, the packets of a system that refuses larger ones are not made smaller. macOS sends 9,216 bytes at most. */
const PACKET_BYTES_MIN = 1_500;

const USE_HTTP = 'JAEGER_ENDPOINT ou OTEL_EXPORTER_OTLP_ENDPOINT les prendrait';

/** Longest wait for the refusal of a packet; an agent on this machine refuses at once. */
const REFUSED_WITHIN_MS = 50;

/** Batches that may wait for a refusal at once: more than end in that time at the highest rate. */
const CONCURRENCY = 1_024;

/** How long a resolved address, or a failed look-up, is kept. */
const ADDRESS_VALID_MS = 30_000;

/** Sends spans to a Jaeger agent over UDP (https://www.jaegertracing.io/docs/1.76/architecture/apis/#thrift-over-udp-stable). */
export function createAgentSender(host: string, port: number): SpanSender {
  const createWriter = (): ThriftWriter => (port === BINARY_PORT ? new BinaryWriter() : new CompactWriter());
  const spanWriter = createWriter();
  const packetWriter = createWriter();
  const connection = new AgentConnection(host, port);

  const pack = createPack(spanWriter, packetWriter);

  return {
    concurrency: CONCURRENCY,
    batchSpansMax: BATCH_SPANS,
    send: (spans) => connection.send(spans, pack),
    close: async () => connection.close(),
  };
}

interface Packet {
  readonly bytes: Buffer;
  readonly spans: readonly tracing.ReadableSpan[];
}

/** Packs spans into packets of the usual size. A span that fits into none, however large, is left out alone. */
function createPack(spanWriter: ThriftWriter, packetWriter: ThriftWriter): Pack {
  const envelope = (resource: Resource, encoded: readonly Buffer[]): Buffer => {
    packetWriter.bytes.truncate(0);
    beginBatch(packetWriter, resource, encoded.length);
    for (const bytes of encoded) packetWriter.bytes.append(bytes);
    endBatch(packetWriter);
    return packetWriter.bytes.toBuffer();
  };
  /** All spans of a process have one resource. */
  let known: { readonly resource: Resource; readonly overhead: number } | undefined;
  const overheadOf = (resource: Resource) => {
    // The number of spans takes five bytes at most where an empty list takes one.
    if (known?.resource !== resource) known = { resource, overhead: envelope(resource, []).length + 4 };
    return known.overhead;
  };
  return (spans, packetBytesMax) => {
    const [first] = spans;
    if (first === undefined) return [];
    const { resource } = first;
    const overhead = overheadOf(resource);
    const usual = Math.min(packetBytesMax, PACKET_BYTES) - overhead;
    const packets: Packet[] = [];
    let pending: EncodedSpan[] = [];
    let pendingBytes = 0;
    const close = () => {
      const bytes = pending.map(({ start, end }) => spanWriter.bytes.view(start, end));
      packets.push({ bytes: envelope(resource, bytes), spans: pending.map(({ span }) => span) });
      pending = [];
      pendingBytes = 0;
    };
    for (const one of encode(spans, spanWriter, packetBytesMax - overhead)) {
      const length = one.end - one.start;
      if (pending.length > 0 && pendingBytes + length > usual) close();
      pending.push(one);
      pendingBytes += length;
    }
    if (pending.length > 0) close();
    return packets;
  };
}

type Resource = tracing.ReadableSpan['resource'];

interface EncodedSpan {
  readonly span: tracing.ReadableSpan;
  readonly start: number;
  readonly end: number;
}

/** Writes the spans one behind the other. Returns where each is, without those that are too large. */
function encode(spans: readonly tracing.ReadableSpan[], writer: ThriftWriter, room: number): EncodedSpan[] {
  const { bytes } = writer;
  bytes.truncate(0);
  const encoded: EncodedSpan[] = [];
  for (const span of spans) {
    const start = bytes.length;
    writeSpan(writer, span);
    if (bytes.length - start > room) bytes.truncate(start);
    else encoded.push({ span, start, end: bytes.length });
  }
  return encoded;
}

/** As large packets as the system sends; a smaller limit than UDP's own is found by its refusal. */
type Pack = (spans: readonly tracing.ReadableSpan[], packetBytesMax: number) => Packet[];

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
  #validUntil = Number.NEGATIVE_INFINITY;
  #packetBytesMax = PACKET_BYTES_MAX;
  #burstUntil = Number.NEGATIVE_INFINITY;
  #burstBytes = 0;
  #problem: string | undefined;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  async send(spans: readonly tracing.ReadableSpan[], pack: Pack): Promise<SendResult> {
    await this.#refresh();
    const socket = this.#socket;
    if (socket === undefined) return { sent: 0, problem: this.#problem ?? 'agent injoignable' };
    const attempt: Attempt = {};
    const result = await this.#sendPackets(socket, spans, pack, attempt);
    await sleep(REFUSED_WITHIN_MS);
    this.#unsettled.delete(attempt);
    return attempt.problem === undefined ? result : { sent: 0, problem: attempt.problem };
  }

  async #sendPackets(
    socket: Socket,
    spans: readonly tracing.ReadableSpan[],
    pack: Pack,
    attempt: Attempt,
  ): Promise<SendResult> {
    const packetBytesMax = this.#packetBytesMax;
    const packets = pack(spans, packetBytesMax);
    let left = spans.length;
    let sent = 0;
    let problem: string | undefined;
    for (const packet of packets) {
      left -= packet.spans.length;
      try {
        await this.#pace(packet.bytes.length);
        await this.#sendPacket(socket, packet.bytes, attempt);
        sent += packet.spans.length;
      } catch (error) {
        if (isTooLarge(error) && packetBytesMax > PACKET_BYTES_MIN) {
          // Once for all batches under way.
          if (this.#packetBytesMax === packetBytesMax) this.#packetBytesMax = Math.floor(packetBytesMax / 2);
          const again = await this.#sendPackets(socket, packet.spans, pack, attempt);
          sent += again.sent;
          problem = again.problem ?? problem;
        } else {
          problem = isTooLarge(error) ? `${describe(error)} : ${USE_HTTP}` : describe(error);
        }
      }
    }
    if (left > 0) problem ??= `${left} spans de plus de ${packetBytesMax} octets : ${USE_HTTP}`;
    return problem === undefined ? { sent } : { sent, problem };
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** Waits where so much has just left that more would overflow the agent's buffer. */
  async #pace(bytes: number): Promise<void> {
    for (;;) {
      const now = performance.now();
      if (now >= this.#burstUntil) {
        this.#burstUntil = now + BURST_MS;
        this.#burstBytes = 0;
      }
      if (this.#burstBytes === 0 || this.#burstBytes + bytes <= BURST_BYTES_MAX) {
        this.#burstBytes += bytes;
        return;
      }
      await sleep(this.#burstUntil - now);
    }
  }

  /** A send can fail with the refusal of an earlier packet; it is then tried again. */
  async #sendPacket(socket: Socket, bytes: Buffer, attempt: Attempt): Promise<void> {
    const send = () =>
      new Promise<void>((resolve, reject) => {
        socket.send(bytes, (error) => (error === null ? resolve() : reject(error)));
      });
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
    const now = performance.now();
    if (now < this.#validUntil) return;
    this.#validUntil = now + ADDRESS_VALID_MS;
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
      this.#problem = `${describe(error)} : JAEGER_AGENT_HOST nomme l’hôte de l’agent`;
    }
  }
}

/** Whether the system refuses packets of this size. */
function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EMSGSIZE';
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
