import type { Caller } from '../caller.js';
import type { NewProduct, Product, ProductChanges, ProductList } from './schemas.js';

/** Why a product was neither changed nor removed: there is none, or it has another version. */
export type Untouched = 'absent' | 'changed';

/** The work behind the products procedures. */
export interface ProductsPort {
  /** At most `limit` products with an id above `after` (from the first one when null), in the order of their ids. */
  list(page: { limit: number; after: number | null }, caller: Caller): Promise<ProductList>;
  /**
   * All products with an id above `after`, in the order of their ids, page by page: none is read before it is asked for.
   * Ends after at least one page, or fails.
   */
  all(from: { after: number | null }, caller: Caller): AsyncGenerator<Product[], void>;
  find(id: number, caller: Caller): Promise<Product | undefined>;
  create(product: NewProduct, caller: Caller): Promise<Product>;
  /** @param versions those that may be changed; undefined: any */
  update(
    id: number,
    changes: ProductChanges,
    versions: string[] | undefined,
    caller: Caller,
  ): Promise<Product | Untouched>;
  /** @param versions those that may be removed; undefined: any */
  delete(id: number, versions: string[] | undefined, caller: Caller): Promise<'deleted' | Untouched>;
}
