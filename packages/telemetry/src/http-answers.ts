import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';

/** What a receiver has answered. */
export interface HttpAnswer {
  readonly status: number;
  /** Where a redirect leads. */
  readonly location: string | undefined;
}

/**
 * The answers to the POST requests that an exporter sends to a URL. Exporters tell less than they know: exporter-jaeger takes a
 * redirect for a success, OTLP's keeps the status of what may be tried again to itself.
 * (https://nodejs.org/api/diagnostics_channel.html#http)
 */
export class HttpAnswers {
  readonly #url: URL;
  readonly #authorization: string | undefined;
  #last: HttpAnswer | undefined;

  /** @param authorization a header that the exporter itself cannot send */
  constructor(url: string, authorization?: string) {
    this.#url = new URL(url);
    this.#authorization = authorization;
    subscribe('http.client.request.created', this.#onRequest);
    subscribe('http.client.response.finish', this.#onAnswer);
  }

  /** The last answer since the last call. */
  take(): HttpAnswer | undefined {
    const answer = this.#last;
    this.#last = undefined;
    return answer;
  }

  close(): void {
    unsubscribe('http.client.request.created', this.#onRequest);
    unsubscribe('http.client.response.finish', this.#onAnswer);
  }

  readonly #onRequest = (message: unknown) => {
    const { request } = message as { request: ClientRequest };
    if (this.#authorization !== undefined && this.#isOurs(request)) {
      request.setHeader('Authorization', this.#authorization);
    }
  };

  readonly #onAnswer = (message: unknown) => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    if (!this.#isOurs(request)) return;
    this.#last = { status: response.statusCode ?? 0, location: response.headers.location };
  };

  #isOurs({ method, host, path, protocol }: ClientRequest): boolean {
    const { hostname, pathname } = this.#url;
    const name = hostname.replaceAll(/^\[|\]$/g, '');
    return method === 'POST' && host === name && protocol === this.#url.protocol && path.split('?', 1)[0] === pathname;
  }
}
