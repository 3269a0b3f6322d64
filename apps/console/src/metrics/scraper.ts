import type { Store } from '../store/store.js';

export const SCRAPE_EVERY_MS = 5_000;
const TIMEOUT_MS = 4_000;

/** Asks a service for its metrics, and keeps them. */
export class Scraper {
  readonly #store: Store;
  readonly #timer: NodeJS.Timeout;
  #url: string | undefined;
  #problem: string | undefined;
  #isReady: boolean | undefined;
  #version: string | undefined;

  constructor(store: Store) {
    this.#store = store;
    this.#timer = setInterval(() => void this.#scrape(), SCRAPE_EVERY_MS).unref();
  }

  /** The service's origin; undefined: there is none to ask. */
  observe(url: string | undefined): void {
    this.#url = url;
    void this.#scrape();
  }

  /** What its `/readyz` says: whether its database answers. Undefined for a service without one. */
  get isReady(): boolean | undefined {
    return this.#isReady;
  }

  /** Of the service: the label `version` of its `…_build_info` (https://prometheus.io/docs/practices/naming/). */
  get version(): string | undefined {
    return this.#version;
  }

  /** Why the last try brought nothing. */
  get problem(): string | undefined {
    return this.#problem;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #scrape(): Promise<void> {
    const url = this.#url;
    if (url === undefined) return;
    this.#isReady = await askReady(url);
    try {
      const response = await fetch(`${url}/metrics`, {
        headers: { Accept: 'application/openmetrics-text; version=1.0.0' },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${url}/metrics answered ${response.status}`);
      this.#store.addScrape(Date.now(), text);
      this.#version = /^\w+_build_info\{(?:[^}]*,)?version="([^"]*)"/m.exec(text)?.[1];
      this.#problem = undefined;
    } catch (error) {
      // `fetch failed` has its reason in its cause.
      const { message, cause } = error as Error;
      this.#problem = `${url}/metrics: ${cause instanceof Error ? cause.message : message}`;
    }
  }
}

async function askReady(url: string): Promise<boolean | undefined> {
  try {
    const { status } = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return status === 200 ? true : status === 503 ? false : undefined;
  } catch {
    return undefined;
  }
}
