import {
  type Caller,
  type ProductQuery,
  type ProductsPort,
  type Untouched,
  writeCursor,
} from '@products/api-contract/server';
import { type Database, ValueRefusedError } from '@products/db';
import { identify, type Logger } from '@products/telemetry';
import { explainEncoding, explainHold, explainRefusal } from '../refusals.js';
import type { RunQuery } from '../run-query.js';
import { preferReplica } from './prefer-replica.js';
import { createProductQueries } from './queries.js';
import { explainCursor } from './stored-product.js';

/** A page of the stream: large enough that its statement costs little per product, small enough to come at once. */
const STREAM_PAGE_SIZE = 500;

/** Implements the port of products. */
export function createProducts({
  database,
  replica,
  runQuery,
  logger,
}: {
  readonly database: Database;
  /** Takes the reads while it answers. */
  readonly replica: Database | undefined;
  readonly runQuery: RunQuery;
  readonly logger: Logger;
}): ProductsPort {
  const queries = createProductQueries(database, runQuery);
  const reads =
    replica === undefined
      ? queries
      : preferReplica(replica, { onReplica: createProductQueries(replica, runQuery), onPrimary: queries }, logger);

  const { readById } = reads;

  /** A made-up cursor can hold a text that its column does not take, a filter characters that the encoding lacks. */
  const readPage: typeof reads.readPage = async (query) => {
    try {
      return await reads.readPage(query);
    } catch (error) {
      if (!(error instanceof ValueRefusedError)) throw error;
      const { category, q } = query;
      throw explainEncoding(error, { category, q }) ?? explainCursor(error);
    }
  };

  /** Why a product was not touched, on the primary: the replica may not know yet. Fails where its row is no product. */
  const explain = async (id: number, versions: string[] | undefined, caller: Caller): Promise<Untouched> => {
    const product = await queries.readById({ id, caller, onRead: () => {} });
    return product === undefined || versions === undefined ? 'absent' : 'changed';
  };

  return {
    list: async (query, caller) => {
      logger.info('products_page_requested', { limit: query.limit, after: query.after?.id ?? null });
      const onRead = ({ items }: { items: unknown[] }) => logger.info('products_retrieved', { count: items.length });
      const { items, next } = await readPage({ ...query, caller, onRead });
      return { items, nextCursor: next === null ? null : writeCursor(query.sort, next) };
    },

    // A statement for each page: a client that reads slowly holds no connection and no transaction.
    all: async function* (query, caller) {
      if (isEverything(query)) logger.info('products_requested');
      else logger.info('products_page_requested', { limit: null, after: query.after?.id ?? null });
      let count = 0;
      for (let after = query.after; ; ) {
        const { items, next } = await readPage({
          ...query,
          limit: STREAM_PAGE_SIZE,
          after,
          caller,
          onRead: (page) => {
            count += page.items.length;
            if (page.next === null) logger.info('products_retrieved', { count });
          },
        });
        yield items;
        if (next === null) return;
        after = next;
      }
    },

    find: async (id, caller) => {
      // No product has an id that a double does not hold.
      if (!Number.isSafeInteger(id)) return undefined;
      logger.info('product_requested', { product_id: id });
      const product = await readById({
        id,
        caller,
        onRead: () => {
          identify('product.id', id);
          logger.info('product_retrieved', { product_id: id });
        },
      });
      if (product !== undefined) identify('product.id', id);
      return product;
    },

    create: async (newProduct, caller) => {
      logger.info('product_creation_requested');
      try {
        const product = await queries.insert(newProduct, caller, ({ id }) => {
          identify('product.id', id);
          logger.info('product_created', { product_id: id });
        });
        identify('product.id', product.id);
        return product;
      } catch (error) {
        throw error instanceof ValueRefusedError ? explainRefusal(error, { ...newProduct }) : error;
      }
    },

    update: async (id, changes, versions, caller) => {
      if (!Number.isSafeInteger(id)) return 'absent';
      logger.info('product_update_requested', { product_id: id });
      try {
        const product = await queries.update({ id, changes, versions }, caller, () => {
          identify('product.id', id);
          logger.info('product_updated', { product_id: id });
        });
        if (product === undefined) return explain(id, versions, caller);
        identify('product.id', id);
        return product;
      } catch (error) {
        throw error instanceof ValueRefusedError ? explainRefusal(error, { ...changes }) : error;
      }
    },

    delete: async (id, versions, caller) => {
      if (!Number.isSafeInteger(id)) return 'absent';
      logger.info('product_deletion_requested', { product_id: id });
      try {
        const isDeleted = await queries.delete({ id, versions }, caller, () => {
          identify('product.id', id);
          logger.info('product_deleted', { product_id: id });
        });
        if (!isDeleted) return versions === undefined ? 'absent' : explain(id, versions, caller);
        identify('product.id', id);
        return 'deleted';
      } catch (error) {
        throw error instanceof ValueRefusedError ? explainHold(error, `Le produit ${id}`) : error;
      }
    },
  };
}

function isEverything({ category, q, after }: ProductQuery): boolean {
  return category === undefined && q === undefined && after === null;
}
