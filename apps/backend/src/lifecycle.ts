import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Whether the service is draining, and the responses that are still open. */
export class Lifecycle {
  #isDraining = false;
  /**
   * Open responses, per connection. A single Set would be rehashed as requests come and go, and a rehashed table in V8's old
   * generation keeps finished requests alive until a major collection.
   */
  readonly #connections = new Map<Duplex, ServerResponse[]>();

  /** Not ready any more: no connection is kept alive. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  trackConnection(socket: Duplex): void {
    this.#connections.set(socket, []);
    socket.once('close', () => this.#connections.delete(socket));
  }

  /** Tracks an open response. A busy connection outlives `server.close()` unless its response has `Connection: close`. */
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

  /** All open responses. */
  openResponses(): ServerResponse[] {
    return [...this.#connections.values()].flat();
  }

  /** The oldest open response of this connection. */
  openResponseOn(socket: Duplex): ServerResponse | undefined {
    return this.#connections.get(socket)?.[0];
  }

  /** Closes the connections without an open response, those that never had a request included. */
  closeIdleConnections(): void {
    for (const [socket, responses] of this.#connections) if (responses.length === 0) socket.destroy();
  }

  /** Resolves once the responses that are open now have emitted `close`. */
  async allClosed(): Promise<void> {
    await Promise.all(this.openResponses().map((response) => once(response, 'close')));
  }
}
