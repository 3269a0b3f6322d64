import type { ProductsPort } from '@products/api-contract/server';
import type { Logger } from '@products/telemetry';
import type { ReadPage } from './read-page.js';

/** Products read at once: so many that a statement for each page costs little, so few that nobody waits for one. */
const PAGE_SIZE = 500;

/**
 * Each page is a statement of its own: a client that reads slowly holds no connection and no transaction, and one that
 * leaves leaves nothing behind.
 */
export function createAllProducts(readPage: ReadPage, logger: Logger): ProductsPort['all'] {
  return async function* ({ after }) {
    if (after === null) logger.info('products_requested');
    else logger.info('products_page_requested', { limit: null, after });
    let count = 0;
    for (let cursor: number | null = after; ; ) {
      const { items, nextCursor } = await readPage({
        limit: PAGE_SIZE,
        after: cursor,
        onRead: (page) => {
          count += page.items.length;
          if (page.nextCursor === null) logger.info('products_retrieved', { count });
        },
      });
      yield items;
      if (nextCursor === null) return;
      cursor = nextCursor;
    }
  };
}
