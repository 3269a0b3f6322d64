import { gunzipSync } from 'node:zlib';
import type { Search } from '../store/search.js';
import { type Overview, readScrape, type Scrape, summarize } from './overview.js';
import { SCRAPE_EVERY_MS } from './scraper.js';

/** The longest range that an overview shows. */
export const RANGE_MS_MAX = 3_600_000;

/** The stored scrapes, each read once. */
export class Scrapes {
  readonly #search: Search;
  readonly #scrapes: Scrape[] = [];

  constructor(search: Search) {
    this.#search = search;
  }

  /** @param route only of requests of this route */
  summarize(rangeMs: number, route?: string): Overview {
    const now = Date.now();
    const oldestMs = now - RANGE_MS_MAX;
    for (const { timeMs, body } of this.#search.scrapes(this.#scrapes.at(-1)?.timeMs ?? oldestMs)) {
      this.#scrapes.push(readScrape(timeMs, gunzipSync(body).toString('utf8')));
    }
    while ((this.#scrapes[0]?.timeMs ?? now) < oldestMs) this.#scrapes.shift();
    const shown = this.#scrapes.filter(({ timeMs }) => timeMs >= now - rangeMs);
    return summarize(shown, SCRAPE_EVERY_MS, (traceId) => this.#search.hasTrace(traceId), route);
  }
}
