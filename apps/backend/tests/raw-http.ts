// Requests that fetch() would not send as they are.
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the first answer, where the bytes sent were several requests. */
  readonly body: string;
}

/**
 * Sends these bytes on a connection of their own and reads until the server closes it.
 *
 * @param timeoutMs after which the bytes received so far are the response; without any, its status is NaN
 */
export async function sendRaw(url: string, request: string | Buffer, timeoutMs?: number): Promise<RawResponse> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(request);
  if (timeoutMs !== undefined) setTimeout(() => socket.push(null), timeoutMs).unref();
  const answer = await text(socket).catch(() => '');
  socket.destroy();
  const [head = '', ...rest] = answer.replace('HTTP/1.1 100 Continue\r\n\r\n', '').split('\r\n\r\n');
  const [statusLine = '', ...headerLines] = head.split('\r\n');
  const headers = Object.fromEntries(
    headerLines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return {
    status: Number(statusLine.split(' ')[1]),
    headers,
    body: firstBody(headers, Buffer.from(rest.join('\r\n\r\n'))),
  };
}

function firstBody(headers: Readonly<Record<string, string>>, bytes: Buffer): string {
  if (headers['transfer-encoding'] !== 'chunked')
    return bytes.subarray(0, Number(headers['content-length'])).toString();
  const chunks: Buffer[] = [];
  for (let start = 0; ; ) {
    const sizeEnd = bytes.indexOf('\r\n', start);
    const size = Number.parseInt(bytes.toString('latin1', start, sizeEnd), 16);
    if (sizeEnd === -1 || !(size > 0)) return Buffer.concat(chunks).toString();
    chunks.push(bytes.subarray(sizeEnd + 2, sizeEnd + 2 + size));
    start = sizeEnd + 2 + size + 2;
  }
}

/** A request without body whose target is sent as it is: `/products/%`, `*`. */
export function requestLine(method: string, target: string): string {
  return `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
}
