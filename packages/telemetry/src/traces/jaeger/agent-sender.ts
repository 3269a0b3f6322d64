import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { tracing } from '@opentelemetry/sdk-node';
import type { SendResult } from '../../http-export.js';
import type { SpanSender } from '../span-sender.js';
import { SpanWriter } from './span.js';
import { BinaryWriter, CompactWriter } from './thrift.js';

/** The agent's port for Thrift's binary encoding; on every other one it expects the compact one. */
const BINARY_PORT = 6_832;

/** An agent's largest packet; UDP itself ends at 65,507 bytes. Only a single large span makes one. */
const PACKET_BYTES_MAX = 65_000;

/**
 * A few large packets at once overflow the receive buffer that Linux gives an agent (212,992 bytes), and are dropped without a
 * word. Beyond 7.6 kB, Linux counts a packet as 16 kB.
 */
const PACKET_BYTES = 7_600;

/** They fill three or four packets, about what may leave at once. */
const BATCH_SPANS = 48;

/** Bytes that leave at once, after a pause of the event loop. Twice the highest rate of a process still passes. */
const BURST_BYTES_MAX = 32_000;
const BURST_MS = 4;

/** Below this, the packets of a system that refuses larger ones are not made smaller. macOS sends 9,216 bytes at most. */
const PACKET_BYTES_MIN = 1_500;

const USE_HTTP = 'JAEGER_ENDPOINT ou OTEL_EXPORTER_OTLP_ENDPOINT les prendrait';

/** Longest wait for the refusal of a packet; an agent on this machine refuses at once. */
const REFUSED_WITHIN_MS = 50;

/** Packets that leave within this time wait for a refusal together. */
const ATTEMPT_MS = 50;

/** Batches that may wait for a refusal at once: more than end in that time at the highest rate. */
const CONCURRENCY = 1_024;

/** How long a resolved address, or a failed look-up, is kept. */
const ADDRESS_VALID_MS = 30_000;

/** Sends spans to a Jaeger agent over UDP (https://www.jaegertracing.io/docs/1.76/architecture/apis/#thrift-over-udp-stable). */
export function createAgentSender(host: string, port: number): SpanSender {
  const createWriter = () => new SpanWriter(port === BINARY_PORT ? new BinaryWriter() : new CompactWriter());
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
function createPack(spanWriter: SpanWriter, packetWriter: SpanWriter): Pack {
  const envelope = (resource: Resource, encoded: readonly Buffer[]): Buffer => {
    packetWriter.bytes.truncate(0);
    packetWriter.beginBatch(resource, encoded.length);
    for (const bytes of encoded) packetWriter.bytes.append(bytes);
    packetWriter.endBatch();
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
function encode(spans: readonly tracing.ReadableSpan[], writer: SpanWriter, room: number): EncodedSpan[] {
  const { bytes } = writer;
  bytes.truncate(0);
  const encoded: EncodedSpan[] = [];
  for (const span of spans) {
    const start = bytes.length;
    writer.writeSpan(span);
    if (bytes.length - start > room) bytes.truncate(start);
    else encoded.push({ span, start, end: bytes.length });
  }
  return encoded;
}

/** As large packets as the system sends; a smaller limit than UDP's own is found by its refusal. */
type Pack = (spans: readonly tracing.ReadableSpan[], packetBytesMax: number) => Packet[];

/** Packets that have been sent, and whether one has since been refused. */
interface Attempt {
  readonly startedAt: number;
  /** Resolves when a refusal would have come. */
  readonly settled: Promise<void>;
  problem?: string;
}

/** A connected UDP socket: it learns of a closed port some time after a packet, which is lost by then. */
class AgentConnection {
  readonly #host: string;
  readonly #port: number;
  readonly #unsettled = new Set<Attempt>();
  #attempt: Attempt | undefined;
  #socket: Socket | undefined;
  #validUntil = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;
  #packetBytesMax = PACKET_BYTES_MAX;
  #burstUntil = Number.NEGATIVE_INFINITY;
  #burstBytes = 0;
  #problem: string | undefined;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  async send(spans: readonly tracing.ReadableSpan[], pack: Pack): Promise<SendResult> {
    if (performance.now() >= this.#validUntil) {
      this.#refreshing ??= this.#refresh();
      await this.#refreshing;
    }
    const attempts = new Set<Attempt>();
    const result = await this.#sendPackets(spans, pack, attempts);
    for (const attempt of attempts) {
      await attempt.settled;
      if (attempt.problem !== undefined) return { sent: 0, problem: attempt.problem };
    }
    return result;
  }

  async #sendPackets(spans: readonly tracing.ReadableSpan[], pack: Pack, attempts: Set<Attempt>): Promise<SendResult> {
    const packetBytesMax = this.#packetBytesMax;
    const packets = pack(spans, packetBytesMax);
    let left = spans.length;
    const results: Promise<SendResult>[] = [];
    for (const packet of packets) {
      left -= packet.spans.length;
      await this.#pace(packet.bytes.length);
      results.push(this.#sendPacket(packet, pack, packetBytesMax, attempts));
    }
    let sent = 0;
    let problem = left > 0 ? `${left} spans de plus de ${packetBytesMax} octets : ${USE_HTTP}` : undefined;
    for (const result of await Promise.all(results)) {
      sent += result.sent;
      problem = result.problem ?? problem;
    }
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

  async #sendPacket(packet: Packet, pack: Pack, packetBytesMax: number, attempts: Set<Attempt>): Promise<SendResult> {
    const socket = this.#socket;
    if (socket === undefined) return { sent: 0, problem: this.#problem ?? 'agent injoignable' };
    attempts.add(this.#currentAttempt());
    try {
      await this.#sendBytes(socket, packet.bytes);
      return { sent: packet.spans.length };
    } catch (error) {
      if (!isTooLarge(error)) return { sent: 0, problem: describe(error) };
      if (packetBytesMax <= PACKET_BYTES_MIN) return { sent: 0, problem: `${describe(error)} : ${USE_HTTP}` };
      // Once for all packets under way.
      if (this.#packetBytesMax === packetBytesMax) this.#packetBytesMax = Math.floor(packetBytesMax / 2);
      return this.#sendPackets(packet.spans, pack, attempts);
    }
  }

  /** A send can fail with the refusal of an earlier packet; it is then tried again. */
  async #sendBytes(socket: Socket, bytes: Buffer): Promise<void> {
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
  }

  /** One timer for many packets: a timer for each costs as much as sending it. */
  #currentAttempt(): Attempt {
    const startedAt = performance.now();
    if (this.#attempt !== undefined && startedAt - this.#attempt.startedAt < ATTEMPT_MS) return this.#attempt;
    const attempt: Attempt = {
      startedAt,
      settled: sleep(ATTEMPT_MS + REFUSED_WITHIN_MS).then(() => {
        this.#unsettled.delete(attempt);
      }),
    };
    this.#unsettled.add(attempt);
    this.#attempt = attempt;
    return attempt;
  }

  #refuse(problem: string): void {
    for (const attempt of this.#unsettled) attempt.problem = problem;
  }

  /** Looks the host up again from time to time, and not at every packet. Spans that end meanwhile wait. */
  async #refresh(): Promise<void> {
    try {
      const { address, family } = await lookup(this.#host);
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4').unref();
      socket.connect(this.#port, address);
      await once(socket, 'connect');
      socket.on('error', ({ message }) => this.#refuse(message));
      this.close();
      this.#socket = socket;
      this.#problem = undefined;
    } catch (error) {
      this.close();
      this.#problem = `${describe(error)} : JAEGER_AGENT_HOST nomme l’hôte de l’agent`;
    }
    this.#validUntil = performance.now() + ADDRESS_VALID_MS;
    this.#refreshing = undefined;
  }
}

/** Whether the system refuses packets of this size. */
function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EMSGSIZE';
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
