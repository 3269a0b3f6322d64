import { existsSync } from 'node:fs';
import path from 'node:path';

/** How a resource is called, wherever it has a name: `purchase-orders`. */
export interface Names {
  /** Of its route and its files: `purchase-orders`. */
  readonly path: string;
  /** `purchaseOrders`, `PurchaseOrders`, `purchaseOrder`, `PurchaseOrder`. */
  readonly many: string;
  readonly Many: string;
  readonly one: string;
  readonly One: string;
  /** `purchase_orders`, and one of its rows, `purchase_order`. */
  readonly table: string;
  readonly row: string;
  /** In a sentence: `purchase orders`, `purchase order`. */
  readonly words: { readonly many: string; readonly one: string };
  /** At its beginning. */
  readonly Words: { readonly many: string };
  readonly article: string;
  readonly Article: string;
}

/**
 * @param singular derived from the plural where it is empty
 * @throws {Error} when a name is none, or something has it already
 */
export function nameResource(plural: string, singular: string, root: string): Names {
  const single = singular || toSingular(plural);
  for (const [what, name] of [
    ['plural', plural],
    ['singular', single],
  ]) {
    if (/^[a-z][a-z\d]*(?:-[a-z\d]+)*$/.test(String(name))) continue;
    throw new Error(`${what}: expected a name like "purchase-orders" or "suppliers", received ${JSON.stringify(name)}`);
  }
  if (single === plural) {
    throw new Error(`The singular of ${plural} has to be another word: npm run new -- resource ${plural} <singular>`);
  }
  if (existsSync(path.join(root, 'packages/api-contract/src', plural))) {
    throw new Error(`packages/api-contract/src/${plural} exists: a resource needs a name of its own`);
  }
  const article = /^[aeiou]/.test(single) ? 'an' : 'a';
  const words = { many: plural.replaceAll('-', ' '), one: single.replaceAll('-', ' ') };
  return {
    path: plural,
    many: toCamel(plural),
    Many: capitalise(toCamel(plural)),
    one: toCamel(single),
    One: capitalise(toCamel(single)),
    table: plural.replaceAll('-', '_'),
    row: single.replaceAll('-', '_'),
    words,
    Words: { many: capitalise(words.many) },
    article,
    Article: capitalise(article),
  };
}

/** English's usual plurals: categories, boxes, suppliers. */
function toSingular(plural: string): string {
  if (plural.endsWith('ies')) return `${plural.slice(0, -3)}y`;
  return plural.replace(/(?<=(?:x|ch|sh|ss))es$|s$/, '');
}

function toCamel(name: string): string {
  return name.replaceAll(/-([a-z\d])/g, (_, letter: string) => letter.toUpperCase());
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
