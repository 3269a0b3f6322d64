/** A peer counts as present for so long after its last request. */
const PRESENT_MS = 10_000;

/**
 * The requests in flight, counted by their calls. A process has a limit of them; while others are present, one peer has at
 * most half.
 */
export class Admission {
  readonly #max: number;
  readonly #inFlight = new Map<string, number>();
  #total = 0;
  /** The two peers that asked last. */
  #last: { readonly peer: string; at: number } | undefined;
  #lastOther: { readonly peer: string; at: number } | undefined;

  constructor(requestsMax: number) {
    this.#max = requestsMax;
  }

  /** Whether a request of this many calls may begin; if so, it has to be released. */
  admit(peer: string, calls: number): boolean {
    const now = performance.now();
    if (this.#last?.peer !== peer) {
      this.#lastOther = this.#last;
      this.#last = { peer, at: now };
    }
    this.#last.at = now;
    const ofPeer = (this.#inFlight.get(peer) ?? 0) + calls;
    const areOthersPresent = this.#lastOther !== undefined && now - this.#lastOther.at < PRESENT_MS;
    if (this.#total + calls > this.#max || (areOthersPresent && ofPeer > this.#max / 2)) return false;
    this.#total += calls;
    this.#inFlight.set(peer, ofPeer);
    return true;
  }

  release(peer: string, calls: number): void {
    this.#total -= calls;
    const ofPeer = (this.#inFlight.get(peer) ?? 0) - calls;
    if (ofPeer === 0) this.#inFlight.delete(peer);
    else this.#inFlight.set(peer, ofPeer);
  }
}
