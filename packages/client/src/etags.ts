/** The entity tags of answers (RFC 9110, 8.8.3). */
const etags = new WeakMap<object, string>();

/** Keeps the tag of an answer, for {@link etagOf}. */
export function rememberEtag(answer: unknown, headers: Headers | undefined): void {
  const etag = headers?.get('etag');
  if (etag && typeof answer === 'object' && answer !== null) etags.set(answer, etag);
}

/**
 * The version of a product that `products.byId` or `products.update` has answered, as `ifMatch` takes it: a change is then
 * refused if another one came first (412). Undefined for an answer that shared its request with others.
 */
export function etagOf(product: object): string | undefined {
  return etags.get(product);
}
