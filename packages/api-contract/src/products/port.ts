import type { NewProduct, Product, ProductList } from './schemas.js';

/** What the products procedures need from the service behind them. */
export interface ProductsPort {
  /**
   * Products with an id above `after` (from the first one when null), in the order of their ids: at most `limit`, or all
   * when null.
   */
  list(page: { limit: number | null; after: number | null }): Promise<ProductList>;
  find(id: number): Promise<Product | undefined>;
  create(product: NewProduct): Promise<Product>;
}
