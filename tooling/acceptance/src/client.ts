import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { type Exposition, parseExposition } from './exposition.js';
import type { CorpusRequest } from './request.js';

const TIMEOUT_MS = 60_000;

/** The answer of a service to one request. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Id of the product that the service created last. */
  readonly created: number | undefined;
}

/** Makes the requests of the corpus to one service, one at a time. */
export class Client {
  readonly #base: URL;
  #created: number | undefined;

  constructor(base: string) {
    this.#base = new URL(base);
  }

  /**
   * Sends a request with these headers beside its own.
   *
   * @throws {Error} when the service does not answer
   */
  async send({ method, path, headers, body }: CorpusRequest, further: Record<string, string> = {}): Promise<Answer> {
    const target = path.replaceAll('{created}', String(this.#created));
    const response = await this.#request(method, target, { ...headers, ...further }, body);
    const answer = {
      status: response.statusCode ?? 0,
      headers: Object.fromEntries(
        Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
      ),
      body: await text(response),
    };
    this.#created = findCreatedId(method, answer) ?? this.#created;
    return { ...answer, created: this.#created };
  }

  /** Reads `/metrics` in the format of this media type. */
  async scrape(mediaType: 'text/plain' | 'application/openmetrics-text'): Promise<Exposition> {
    return parseExposition(await text(await this.#request('GET', '/metrics', { Accept: mediaType })));
  }

  async #request(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<IncomingMessage> {
    const { protocol, hostname, port, pathname } = this.#base;
    const request = (protocol === 'https:' ? https : http).request({
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      method,
      path: `${pathname.replace(/\/$/, '')}${path}`,
      headers,
      timeout: TIMEOUT_MS,
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    request.end(body);
    try {
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      // A service may answer and close before it has received everything.
      request.on('error', () => {});
      return response;
    } catch (error) {
      throw new Error(`${method} ${this.#base.origin}${path}: ${error instanceof Error ? error.message : error}`);
    }
  }
}

function findCreatedId(method: string, { status, body }: { status: number; body: string }): number | undefined {
  const id = method === 'POST' && status <= 201 ? /"id": ?(\d+)/.exec(body)?.[1] : undefined;
  return id === undefined ? undefined : Number(id);
}
