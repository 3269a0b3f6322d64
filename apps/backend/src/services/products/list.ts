import type { ProductsPort } from '@products/api-contract/server';
import type { Logger } from '@products/telemetry';
import type { ReadPage } from './read-page.js';

export function createListProducts(readPage: ReadPage, logger: Logger): ProductsPort['list'] {
  return ({ limit, after }) => {
    logger.info('products_page_requested', { limit, after });
    return readPage({
      limit,
      after,
      onRead: ({ items }) => logger.info('products_retrieved', { count: items.length }),
    });
  };
}
