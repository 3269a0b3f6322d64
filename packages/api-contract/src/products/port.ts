import type { Caller } from '../caller.js';
import type { Untouched } from '../version.js';
import type { Position, ProductSort } from './cursor.js';
import type { NewProduct, Product, ProductChanges, ProductFilter, ProductList } from './schemas.js';

/** Which products, in which order, from where on. */
export interface ProductQuery extends Omit<ProductFilter, 'sort'> {
  readonly sort: ProductSort;
  readonly after: Position | null;
}

/** The work behind the products procedures. */
export interface ProductsPort {
  /** At most `limit` products behind `after`, from the first one when null. */
  list(page: ProductQuery & { limit: number }, caller: Caller): Promise<ProductList>;
  /**
   * All products behind `after`, page by page: none is read before it is asked for. Ends after at least one page, or fails.
   */
  all(query: ProductQuery, caller: Caller): AsyncGenerator<Product[], void>;
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
