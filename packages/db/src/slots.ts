import { DatabaseUnavailableError } from './database-error.js';

interface Waiter {
  readonly resolve: () => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * A counting semaphore with a bounded, first-come-first-served queue: how many may hold a connection, how many may wait
 * for one, and for how long.
 */
export class Slots {
  readonly #max: number;
  readonly #queueMax: number;
  readonly #timeoutMs: number;
  /** In the order of their arrival, which is that of their time-outs. */
  readonly #waiters: Waiter[] = [];
  #inUse = 0;

  constructor(options: { max: number; queueMax: number; timeoutMs: number }) {
    this.#max = options.max;
    this.#queueMax = options.queueMax;
    this.#timeoutMs = options.timeoutMs;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  /** Whether the next caller is refused. */
  get isFull(): boolean {
    return this.#inUse >= this.#max && this.#waiters.length >= this.#queueMax;
  }

  /** @throws {DatabaseUnavailableError} at once when the queue is full, or after the time-out. */
  acquire(): Promise<void> {
    if (this.#inUse < this.#max) {
      this.#inUse += 1;
      return Promise.resolve();
    }
    if (this.isFull) {
      return Promise.reject(
        new DatabaseUnavailableError(`${this.#inUse} connexions prises et ${this.#waiters.length} demandes en attente`),
      );
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(new DatabaseUnavailableError(`aucune connexion libre après ${this.#timeoutMs / 1_000} s`));
      }, this.#timeoutMs);
      const waiter: Waiter = { resolve, timer };
      this.#waiters.push(waiter);
    });
  }

  release(): void {
    const next = this.#waiters.shift();
    if (next === undefined) {
      this.#inUse -= 1;
      return;
    }
    clearTimeout(next.timer);
    next.resolve();
  }
}
