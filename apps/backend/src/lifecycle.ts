import type { ServerResponse } from 'node:http';

/** Whether the service is about to stop, and the responses that are still to come. */
export class Lifecycle {
  #isDraining = false;
  readonly #open = new Set<ServerResponse>();

  /** The service is not ready any more, and keeps no connection. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** A busy connection outlives the closing of its server unless its response says `Connection: close`. */
  track(response: ServerResponse): void {
    this.#open.add(response);
    response.once('close', () => this.#open.delete(response));
    if (this.#isDraining) response.setHeader('Connection', 'close');
  }

  startDraining(): void {
    this.#isDraining = true;
    for (const response of this.#open) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
    }
  }
}
