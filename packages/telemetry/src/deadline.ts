/** Resolves with the result of the work, or with the fallback after `timeoutMs`. */
export async function withDeadline<T, F>(work: Promise<T>, timeoutMs: number, fallback: F): Promise<T | F> {
  const { promise: expired, resolve } = Promise.withResolvers<F>();
  const timer = setTimeout(resolve, timeoutMs, fallback);
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}
