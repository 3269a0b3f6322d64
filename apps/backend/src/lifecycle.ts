import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Whether the service is about to stop, and what is still open. */
export class Lifecycle {
  #isDraining = false;
  /**
   * What is still to come on each connection. Not one set of all responses: V8's tables are remade every few changes, each
   * leads to the next, and an old one would keep what it held, hundreds of requests, until the old generation is collected.
   */
  readonly #connections = new Map<Duplex, ServerResponse[]>();

  /** The service is not ready any more, and keeps no connection. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  trackConnection(socket: Duplex): void {
    this.#connections.set(socket, []);
    socket.once('close', () => this.#connections.delete(socket));
  }

  /** A busy connection outlives the closing of its server unless its response says `Connection: close`. */
  trackResponse(response: ServerResponse): void {
    const responses = this.#connections.get(response.req.socket);
    responses?.push(response);
    response.once('close', () => responses?.splice(responses.indexOf(response), 1));
    if (this.#isDraining) response.setHeader('Connection', 'close');
  }

  startDraining(): void {
    this.#isDraining = true;
    for (const response of this.openResponses()) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
    }
  }

  /** The responses that are still to come. */
  openResponses(): ServerResponse[] {
    return [...this.#connections.values()].flat();
  }

  /** The response that is still to come on this connection. */
  openResponseOn(socket: Duplex): ServerResponse | undefined {
    return this.#connections.get(socket)?.[0];
  }

  /** Closes the connections that no response is to come on, those included that never had a request. */
  closeIdleConnections(): void {
    for (const [socket, responses] of this.#connections) if (responses.length === 0) socket.destroy();
  }

  /** Resolves once the responses that are open now are closed, and everyone has been told so. */
  async allClosed(): Promise<void> {
    await Promise.all(this.openResponses().map((response) => once(response, 'close')));
  }
}
