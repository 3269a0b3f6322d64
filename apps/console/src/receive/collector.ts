import type { IncomingMessage, ServerResponse } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { Line, Span } from '@products/decoders';
import { decodeBatch, decodeOtlpLogs, decodeOtlpTraces } from '@products/decoders';
import { describeError } from '../describe-error.js';

/** Of a request, inflated. */
const BODY_BYTES_MAX = 16 * 1_048_576;

export interface CollectorOptions {
  readonly takeSpans: (spans: Span[]) => void;
  readonly takeLine: (line: Line) => void;
  /** Called with the reason when a body cannot be read. */
  readonly refuse: (problem: string) => void;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Takes spans and lines by HTTP: Jaeger's Thrift at `POST /api/traces`, OTLP at `/v1/traces` and `/v1/logs`.
 *
 * @returns the handler of a request's path; undefined where it has none
 */
export function createCollector({ takeSpans, takeLine, refuse }: CollectorOptions) {
  const take =
    (decode: (body: Buffer, isJson: boolean) => void, status: number): Handler =>
    async (request, response) => {
      const type = request.headers['content-type']?.split(';')[0]?.trim() ?? '';
      const isJson = type === 'application/json';
      try {
        decode(await readBody(request), isJson);
      } catch (error) {
        const problem = describeError(error);
        refuse(`${request.method} ${request.url}: ${problem}`);
        const code = error instanceof TooLarge ? 413 : 400;
        response.writeHead(code, { 'Content-Type': 'application/json', Connection: 'close' });
        response.end(JSON.stringify({ code: 3, message: problem }));
        return;
      }
      // An empty answer is a full success, in protobuf and in JSON (https://opentelemetry.io/docs/specs/otlp/#full-success-1).
      response.writeHead(status, { 'Content-Type': isJson ? 'application/json' : type });
      response.end(status === 200 && isJson ? '{}' : undefined);
    };
  const handlers: Readonly<Record<string, Handler>> = {
    '/api/traces': take((body) => takeSpans(decodeBatch(body)), 202),
    '/v1/traces': take((body, isJson) => takeSpans(decodeOtlpTraces(body, isJson)), 200),
    '/v1/logs': take((body, isJson) => {
      for (const line of decodeOtlpLogs(body, isJson)) takeLine(line);
    }, 200),
  };
  return (method: string, path: string): Handler | undefined => (method === 'POST' ? handlers[path] : undefined);
}

class TooLarge extends Error {}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'gzip' && encoding !== 'identity') {
    throw new Error(`Content-Encoding must be gzip or identity; received ${JSON.stringify(encoding)}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of encoding === 'gzip' ? request.pipe(createGunzip()) : request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new TooLarge(`the body has more than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
