import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { decodeOtlp } from './otlp.js';
import { decodeBatch, type JaegerBatch, type JaegerSpan } from './thrift.js';

export interface JaegerCollector {
  /** `http://127.0.0.1:{port}`; spans are taken at `/api/traces` (Thrift) and `/v1/traces` (OTLP). */
  readonly url: string;
  /** Every batch so far, decoded. */
  readonly batches: readonly JaegerBatch[];
  /** Every span so far, decoded. */
  spans(): JaegerSpan[];
  /** The requests for a sampling strategy so far, with their query: `/sampling?service=backend-service`. */
  readonly samplingRequests: readonly string[];
  stop(): Promise<void>;
}

interface JaegerCollectorOptions {
  /** What `/sampling` answers. */
  readonly samplingStrategy?: unknown;
  /** Take everything and answer nothing. */
  readonly isSilent?: boolean;
}

/** Listens on a free port of 127.0.0.1 as a collector does on its several. */
export async function startJaegerCollector(options: JaegerCollectorOptions = {}): Promise<JaegerCollector> {
  const { samplingStrategy, isSilent = false } = options;
  const batches: JaegerBatch[] = [];
  const samplingRequests: string[] = [];
  const server = createServer(async (request, response) => {
    const { url = '' } = request;
    if (url.startsWith('/sampling')) samplingRequests.push(url);
    else batches.push(...(await readBatches(request)));
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
  if (request.url === '/api/traces') return [decodeBatch(body)];
  if (request.url === '/v1/traces') return decodeOtlp(body);
  throw new Error(`no such path of a collector: ${request.url}`);
}
