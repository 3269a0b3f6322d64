// A console on free ports, on a folder of its own.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';
import { type Console, startConsole } from '../src/serve/console.js';

const FREE = { page: 0, compact: 0, binary: 0, collector: 0, otlp: 0 };

const running = new Set<Console>();
const folders: string[] = [];
afterEach(async () => {
  for (const console of running) await console.close();
  running.clear();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function createFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'products-console-'));
  folders.push(folder);
  return folder;
}

export async function start({ folder = createFolder(), host }: { folder?: string; host?: string } = {}) {
  const warnings: string[] = [];
  const console = await startConsole({
    folder,
    ports: FREE,
    ...(host !== undefined && { host }),
    warn: (problem) => warnings.push(problem),
  });
  running.add(console);
  const url = console.pageUrl.replace('localhost', '127.0.0.1');
  const [compact = '', binary = '', collectorUrl = '', otlpUrl = ''] = Object.values(console.receivers);
  return {
    console,
    folder,
    warnings,
    url,
    collectorUrl,
    otlpUrl,
    portOf: { compact: Number(compact.split(':')[1]), binary: Number(binary.split(':')[1]) },
    close: async () => {
      running.delete(console);
      await console.close();
    },
  };
}

export async function sendPacket(port: number, packet: Uint8Array, host = '127.0.0.1'): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) =>
    socket.send(packet, port, host, (error) => (error === null ? resolve() : reject(error))),
  );
  socket.close();
  await once(socket, 'close');
}

export interface Packet {
  readonly protocol: 'compact' | 'binary';
  readonly bytes: Buffer;
}

/** What a service sent, recorded (`jaeger-1.76/`): 43 spans of 23 traces. */
export const recordedPackets: readonly Packet[] = readFileSync(
  path.join(import.meta.dirname, 'jaeger-1.76/packets.jsonl'),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line))
  .map(({ protocol, hex }) => ({ protocol, bytes: Buffer.from(hex, 'hex') }));

/** A GET with these headers, as they are: `fetch` would set Host and Origin itself. */
export async function ask(url: string, headers: Record<string, string>, method = 'GET', sentBody?: string) {
  const sent = request(url, { method, headers }).end(sentBody);
  const [response] = await once(sent, 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode as number, headers: response.headers, body };
}

export async function askRouter<T>(url: string, procedure: string, input?: unknown): Promise<T> {
  const query = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`;
  const { result } = (await (await fetch(`${url}/trpc/${procedure}${query}`)).json()) as { result: { data: T } };
  return result.data;
}
