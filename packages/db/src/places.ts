import { DatabaseUnavailableError } from './database-error.js';

/** The client that a statement is run for. */
export interface Requester {
  /** Aborted when the client leaves: it then waits no more. */
  readonly signal: AbortSignal;
  readonly connection: object;
  readonly peer: string;
}

interface Waiter {
  readonly requester: Requester;
  readonly grant: () => void;
  readonly refuse: (error: unknown) => void;
}

export interface PlacesOptions {
  /** How many may hold a place. */
  readonly max: number;
  /** How many may wait for one. */
  readonly queueMax: number;
  /** Longest wait. */
  readonly timeoutMs: number;
}

/**
 * The places of a pool, with a bounded and fair queue: connections take turns, in the order of their arrival. While others
 * wait, one connection holds at most a third of the places and one peer at most half.
 */
export class Places {
  readonly #options: PlacesOptions;
  readonly #held = new Shares();
  readonly #queued = new Shares();
  /** Waiters of each connection; the connection whose turn is next comes first. */
  readonly #queues = new Map<object, Waiter[]>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  get held(): number {
    return this.#held.total;
  }

  get waiting(): number {
    return this.#queued.total;
  }

  /** Whether {@link acquire} would refuse this requester at once, after the expected ones before it. */
  isFullFor(requester: Requester, expected: number): boolean {
    return this.#isFull(expected) && this.#findVictim(requester) === undefined;
  }

  /**
   * Resolves when the requester has a place, which it has to {@link release}.
   *
   * @throws {DatabaseUnavailableError} at once when the queue is full, or after the time-out.
   * @throws the signal's reason when the requester leaves.
   */
  async acquire(requester: Requester): Promise<void> {
    requester.signal.throwIfAborted();
    if (this.held < this.#options.max) this.#held.add(requester);
    else await this.#wait(requester);
  }

  release(requester: Requester): void {
    this.#held.remove(requester);
    const next = this.#findNext();
    if (next === undefined) return;
    this.#dequeue(next);
    // The connection's next turn comes after the others'.
    const { connection } = next.requester;
    const rest = this.#queues.get(connection);
    if (rest !== undefined) {
      this.#queues.delete(connection);
      this.#queues.set(connection, rest);
    }
    this.#held.add(next.requester);
    next.grant();
  }

  #isFull(expected: number): boolean {
    const { max, queueMax } = this.#options;
    return this.held + this.waiting + expected >= max + queueMax;
  }

  #wait(requester: Requester): Promise<void> {
    if (this.#isFull(0)) {
      const victim = this.#findVictim(requester);
      if (victim === undefined) return Promise.reject(this.#queueFull());
      this.#dequeue(victim);
      victim.refuse(this.#queueFull());
    }
    return new Promise((resolve, reject) => {
      const { signal } = requester;
      const settle = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
      };
      const waiter: Waiter = {
        requester,
        grant: () => {
          settle();
          resolve();
        },
        refuse: (error) => {
          settle();
          reject(error);
        },
      };
      const leave = () => {
        this.#dequeue(waiter);
        waiter.refuse(signal.reason);
      };
      const timer = setTimeout(() => {
        this.#dequeue(waiter);
        const seconds = this.#options.timeoutMs / 1_000;
        waiter.refuse(new DatabaseUnavailableError(`aucune connexion libre après ${seconds} s`));
      }, this.#options.timeoutMs);
      signal.addEventListener('abort', leave);
      this.#queued.add(requester);
      const queue = this.#queues.get(requester.connection);
      if (queue === undefined) this.#queues.set(requester.connection, [waiter]);
      else queue.push(waiter);
    });
  }

  #dequeue(waiter: Waiter): void {
    const { connection } = waiter.requester;
    const queue = this.#queues.get(connection) ?? [];
    queue.splice(queue.indexOf(waiter), 1);
    if (queue.length === 0) this.#queues.delete(connection);
    this.#queued.remove(waiter.requester);
  }

  /** The first whose connection and peer hold less than their shares, else whose connection does, else the first. */
  #findNext(): Waiter | undefined {
    const { max } = this.#options;
    let ofPeerOverShare: Waiter | undefined;
    let first: Waiter | undefined;
    for (const [waiter] of this.#queues.values()) {
      if (waiter === undefined) continue;
      const { connection, peer } = waiter.requester;
      first ??= waiter;
      if (this.#held.of(connection) >= max / 3) continue;
      if (this.#held.of(peer) < max / 2) return waiter;
      ofPeerOverShare ??= waiter;
    }
    return ofPeerOverShare ?? first;
  }

  /** The last waiter of a peer, else of a connection, that has more waiters than this requester would have. */
  #findVictim({ peer, connection }: Requester): Waiter | undefined {
    let longest: Waiter[] | undefined;
    for (const queue of this.#queues.values()) {
      const [head] = queue;
      const [longestHead] = longest ?? [];
      if (head === undefined) continue;
      const isOfLargerPeer =
        longestHead === undefined || this.#queued.of(head.requester.peer) > this.#queued.of(longestHead.requester.peer);
      const isLonger = head.requester.peer === longestHead?.requester.peer && queue.length > (longest?.length ?? 0);
      if (isOfLargerPeer || isLonger) longest = queue;
    }
    const last = longest?.at(-1);
    if (last === undefined) return undefined;
    const isSmallerPeer = this.#queued.of(peer) + 1 < this.#queued.of(last.requester.peer);
    const isShorterQueue = this.#queued.of(connection) + 1 < this.#queued.of(last.requester.connection);
    return isSmallerPeer || (peer === last.requester.peer && isShorterQueue) ? last : undefined;
  }

  #queueFull(): DatabaseUnavailableError {
    return new DatabaseUnavailableError(`${this.held} connexions prises et ${this.waiting} demandes en attente`);
  }
}

/** Counts by connection and by peer. */
class Shares {
  readonly #counts = new Map<object | string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  of(key: object | string): number {
    return this.#counts.get(key) ?? 0;
  }

  add(requester: Requester): void {
    this.#change(requester, 1);
  }

  remove(requester: Requester): void {
    this.#change(requester, -1);
  }

  #change({ connection, peer }: Requester, by: 1 | -1): void {
    this.#total += by;
    for (const key of [connection, peer]) {
      const count = this.of(key) + by;
      if (count === 0) this.#counts.delete(key);
      else this.#counts.set(key, count);
    }
  }
}
