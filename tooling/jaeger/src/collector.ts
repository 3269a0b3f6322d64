import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { decodeBatch, decodeOtlpTraces } from '@products/decoders';
import { type JaegerBatch, type JaegerSpan, toBatch } from './decode.js';

export interface JaegerCollector {
  /** `http://127.0.0.1:{port}`; spans are taken at `/api/traces` (Thrift) and `/v1/traces` (OTLP). */
  readonly url: string;
  /** Every batch so far, decoded. */
  readonly batches: readonly JaegerBatch[];
  /** Every span so far, decoded. */
  spans(): JaegerSpan[];
  /** The header `Authorization` of each request so far; undefined without. */
  readonly authorizations: readonly (string | undefined)[];
  /** The requests for a sampling strategy so far, with their query: `/sampling?service=backend-service`. */
  readonly samplingRequests: readonly string[];
  stop(): Promise<void>;
}

interface JaegerCollectorOptions {
  /** What `/sampling` answers. */
  readonly samplingStrategy?: unknown;
  /** Take everything and answer nothing. */
  readonly isSilent?: boolean;
  /** What it answers to spans, beside 200 with nothing. */
  readonly answer?: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Uint8Array;
  };
}

/** Listens on a free port of 127.0.0.1 as a collector does on its several. */
export async function startJaegerCollector(options: JaegerCollectorOptions = {}): Promise<JaegerCollector> {
  const { samplingStrategy, isSilent = false, answer = { status: 200 } } = options;
  const batches: JaegerBatch[] = [];
  const authorizations: (string | undefined)[] = [];
  const samplingRequests: string[] = [];
  const server = createServer(async (request, response) => {
    const { url = '' } = request;
    authorizations.push(request.headers.authorization);
    if (!url.startsWith('/sampling')) {
      batches.push(...(await readBatches(request)));
      if (!isSilent) response.writeHead(answer.status, answer.headers).end(answer.body);
      return;
    }
    samplingRequests.push(url);
    if (isSilent) return;
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(samplingStrategy ?? {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    batches,
    spans: () => batches.flatMap(({ spans }) => spans),
    authorizations,
    samplingRequests,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function readBatches(request: IncomingMessage): Promise<JaegerBatch[]> {
  const sent = await buffer(request);
  const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
  if (request.url === '/api/traces') return [toBatch(decodeBatch(body))];
  if (request.url === '/v1/traces') return [toBatch(decodeOtlpTraces(body, false))];
  throw new Error(`no such path of a collector: ${request.url}`);
}
