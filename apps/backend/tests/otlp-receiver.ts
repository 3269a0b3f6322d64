// A receiver of OTLP over HTTP that tells all that arrives.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import {
  type Attributes,
  decodeLogs,
  decodeMetrics,
  decodeSpanResources,
  type LogRecord,
  type MetricsExport,
} from './otlp-messages.js';

interface Options {
  /** Take everything and answer nothing. */
  readonly isSilent?: boolean;
  /** What it answers, beside 200 with nothing. */
  readonly answer?: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Uint8Array;
  };
}

export interface OtlpReceiver extends AsyncDisposable {
  /** `http://127.0.0.1:{port}` */
  readonly url: string;
  /** Path and headers of each request so far. */
  readonly requests: readonly { readonly path: string; readonly headers: NodeJS.Dict<string | string[]> }[];
  readonly records: readonly LogRecord[];
  readonly exports: readonly MetricsExport[];
  /** The resources of the spans. */
  readonly spanResources: readonly Attributes[];
}

/** Listens on a free port of 127.0.0.1. */
export async function startOtlpReceiver({ isSilent = false, answer = { status: 200 } }: Options = {}) {
  const requests: OtlpReceiver['requests'][number][] = [];
  const records: LogRecord[] = [];
  const exports: MetricsExport[] = [];
  const spanResources: Attributes[] = [];
  const server = createServer(async (request, response) => {
    const { url: path = '', headers } = request;
    requests.push({ path, headers });
    const sent = await buffer(request);
    const body = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    if (path === '/v1/logs') records.push(...decodeLogs(body));
    else if (path === '/v1/metrics') exports.push(...decodeMetrics(body));
    else if (path === '/v1/traces') spanResources.push(...decodeSpanResources(body));
    else throw new Error(`no such path of a receiver: ${path}`);
    if (!isSilent) response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const receiver: OtlpReceiver = {
    url: `http://127.0.0.1:${port}`,
    requests,
    records,
    exports,
    spanResources,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return receiver;
}
