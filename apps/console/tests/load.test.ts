// Spans by UDP are kept whole: with SOAK=1, 5,000 a second for a minute.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import thrift from 'thrift';
import { afterEach, expect, it } from 'vitest';
import type { Status } from '../src/serve/router.js';
import { askRouter, createFolder } from './running-console.js';

// biome-ignore lint/style/noProcessEnv: the long form is asked for.
const isSoak = process.env['SOAK'] !== undefined;
const SPANS_PER_SECOND = isSoak ? 5_000 : 1_000;
const SPANS_PER_PACKET = 16;
const SECONDS = isSoak ? 60 : 4;

const children: ReturnType<typeof spawn>[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
});

/** A console in a process of its own, as a runner starts it. */
async function startProcess() {
  const cli = path.resolve(import.meta.dirname, '../dist/cli.js');
  const ports = ['page', 'compact', 'binary', 'collector', 'otlp'].flatMap((name) => [`--${name}`, '0']);
  const child = spawn(process.execPath, [cli, 'receive', '--folder', createFolder(), ...ports], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (lines.length === 5) break;
  }
  const find = (pattern: RegExp) =>
    String(lines.map((line) => pattern.exec(line)?.[1]).find((found) => found !== undefined));
  const url = find(/Console (\S+)/).replace('localhost', '127.0.0.1');
  return { pid: Number(child.pid), url, port: Number(find(/compact \(UDP\) +127\.0\.0\.1:(\d+)/)) };
}

const memoryOf = (pid: number, field: string) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
/** Milliseconds of CPU so far. */
const cpuOf = (pid: number) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

/** Spans with the attributes of a server's, by Apache's own encoder. */
function encodePacket(traceId: Buffer, startUs: number): Buffer {
  const { Thrift } = thrift;
  let packet: Buffer = Buffer.alloc(0);
  // biome-ignore lint/suspicious/noExplicitAny: the library's types leave its writing side out.
  const Transport = thrift.TBufferedTransport as any;
  const transport = new Transport(null, (bytes: Buffer) => {
    packet = bytes;
  });
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const protocol: any = new thrift.TCompactProtocol(transport);
  const field = (type: number, id: number, write: () => void) => {
    protocol.writeFieldBegin('', type, id);
    write();
    protocol.writeFieldEnd();
  };
  const struct = (write: () => void) => {
    protocol.writeStructBegin('');
    write();
    protocol.writeFieldStop();
    protocol.writeStructEnd();
  };
  const text = (id: number, value: string) => field(Thrift.Type.STRING, id, () => protocol.writeString(value));
  const int64 = (id: number, value: number | Buffer) => field(Thrift.Type.I64, id, () => protocol.writeI64(value));
  const tag = (key: string, value: string) =>
    struct(() => {
      text(1, key);
      field(Thrift.Type.I32, 2, () => protocol.writeI32(0));
      text(3, value);
    });
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const Int64 = (thrift as any).Int64;
  protocol.writeMessageBegin('emitBatch', 4, 0);
  struct(() =>
    field(Thrift.Type.STRUCT, 1, () =>
      struct(() => {
        field(Thrift.Type.STRUCT, 1, () => struct(() => text(1, 'load')));
        field(Thrift.Type.LIST, 2, () => {
          protocol.writeListBegin(Thrift.Type.STRUCT, SPANS_PER_PACKET);
          for (let index = 0; index < SPANS_PER_PACKET; index += 1) {
            struct(() => {
              int64(1, new Int64(traceId.subarray(8)));
              int64(2, new Int64(traceId.subarray(0, 8)));
              int64(3, new Int64(randomBytes(8)));
              int64(4, 0);
              text(5, 'GET /products/:id');
              field(Thrift.Type.I32, 7, () => protocol.writeI32(1));
              int64(8, startUs);
              int64(9, 1_000 + index);
              field(Thrift.Type.LIST, 10, () => {
                protocol.writeListBegin(Thrift.Type.STRUCT, 12);
                for (let key = 0; key < 12; key += 1) tag(`http.attribute.${key}`, `value ${key} of the span`);
                protocol.writeListEnd();
              });
            });
          }
          protocol.writeListEnd();
        });
      }),
    ),
  );
  protocol.writeMessageEnd();
  transport.flush();
  return packet;
}

/** Asks what an open page asks, and a search that looks at everything, until it is stopped. Returns the longest answer. */
async function look(url: string, signal: AbortSignal): Promise<number> {
  let longestMs = 0;
  while (!signal.aborted) {
    const startedAt = performance.now();
    await askRouter(url, 'status');
    await askRouter(url, 'overview', { rangeMs: 3_600_000 });
    await askRouter(url, 'traces', { tags: { 'http.attribute.1': 'in no span' } });
    longestMs = Math.max(longestMs, performance.now() - startedAt);
    await sleep(500);
  }
  return longestMs;
}

it(`keeps ${SPANS_PER_SECOND} spans a second for ${SECONDS} s while a page is open`, async () => {
  const { pid, url, port } = await startProcess();
  await sleep(1_000);
  const idle = memoryOf(pid, 'VmRSS');
  // Made before: encoding with this library costs more than sending.
  const packets = Array.from({ length: 200 }, () => encodePacket(randomBytes(16), Date.now() * 1_000));
  const socket = createSocket('udp4');
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const packetsInAll = Math.round((SPANS_PER_SECOND / SPANS_PER_PACKET) * SECONDS);
  const before = cpuOf(pid);
  const page = new AbortController();
  const looking = look(url, page.signal);
  const startedAt = performance.now();
  for (let sent = 0; sent < packetsInAll; ) {
    const due = Math.min(
      packetsInAll,
      ((performance.now() - startedAt) / 1_000) * (SPANS_PER_SECOND / SPANS_PER_PACKET),
    );
    for (; sent < due; sent += 1) socket.send(packets[sent % packets.length] ?? '');
    await sleep(2);
  }
  page.abort();
  const longestMs = await looking;
  const expected = packetsInAll * SPANS_PER_PACKET;
  await expect
    .poll(async () => (await askRouter<Status>(url, 'status')).counts.spans, { timeout: 20_000 })
    .toBe(expected);
  socket.close();
  const { bytes, losses, refusedCount } = await askRouter<Status>(url, 'status');
  expect({ ...losses, refusedCount }).toEqual({
    removedSpans: 0,
    removedLines: 0,
    droppedSpans: 0,
    droppedLines: 0,
    refusedCount: 0,
  });
  process.stdout.write(
    `${expected} spans in ${SECONDS} s: CPU ${(((cpuOf(pid) - before) / 1_000 / SECONDS) * 100).toFixed(0)} %, ` +
      `${Math.round(bytes / expected)} bytes a span, memory ${idle.toFixed(0)} MB idle, ${memoryOf(pid, 'VmHWM').toFixed(0)} MB at most, ` +
      `the page’s questions answered in ${longestMs.toFixed(0)} ms at most\n`,
  );
}, 180_000);
