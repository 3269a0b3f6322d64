import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Whether the service is about to stop, and what is still open. */
export class Lifecycle {
  #isDraining = false;
  readonly #responses = new Set<ServerResponse>();
  readonly #connections = new Set<Socket>();

  /** The service is not ready any more, and keeps no connection. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  trackConnection(socket: Socket): void {
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
  }

  /** A busy connection outlives the closing of its server unless its response says `Connection: close`. */
  trackResponse(response: ServerResponse): void {
    this.#responses.add(response);
    response.once('close', () => this.#responses.delete(response));
    if (this.#isDraining) response.setHeader('Connection', 'close');
  }

  startDraining(): void {
    this.#isDraining = true;
    for (const response of this.#responses) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
    }
  }

  /** The responses that are still to come. */
  openResponses(): ServerResponse[] {
    return [...this.#responses];
  }

  /** The response that is still to come on this connection. */
  openResponseOn(socket: unknown): ServerResponse | undefined {
    return this.openResponses().find((response) => response.req.socket === socket);
  }

  /** Closes the connections that no response is to come on, those included that never had a request. */
  closeIdleConnections(): void {
    const busy = new Set(this.openResponses().map(({ req }) => req.socket));
    for (const socket of this.#connections) if (!busy.has(socket)) socket.destroy();
  }

  /** Resolves once the responses that are open now are closed, and everyone has been told so. */
  async allClosed(): Promise<void> {
    await Promise.all(this.openResponses().map((response) => once(response, 'close')));
  }
}
